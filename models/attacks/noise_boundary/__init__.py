"""The study's decision-boundary attack."""
