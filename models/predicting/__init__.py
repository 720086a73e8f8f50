"""Predicting: nets for others, on sound that is new: as an estimator, with how far to trust them, or as ONNX.

Start at `recogniser.py`.
"""
