"""Parts that several nets share."""
