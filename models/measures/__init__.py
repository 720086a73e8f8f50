"""Measures: what predictions come to, with intervals over speakers and paired tests; no torch.

Start at `measured.py`, which turns a table of predictions (`predictions.py`) into rows; the other files are the
measures themselves.
"""
