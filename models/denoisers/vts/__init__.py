"""Vector Taylor series: speech expected under a clip's noise. Start at `vts.py`; `gaussians.py` is the arithmetic."""
