"""MTurk and our own marketplace, which speaks its protocol. Start at `mturk.py`."""
