"""Prolific. Start at `prolific.py`."""
