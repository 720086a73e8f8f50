"""Evaluating: nets of a run are asked about clips they never heard, and what they say becomes measures.

Start at `evaluate.py`; `asking.py` puts the questions.
"""
