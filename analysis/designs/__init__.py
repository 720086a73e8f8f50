"""One file a design: which pairs are asked next, and when a condition is SAFE or UNSAFE. Start at `base.py`."""
