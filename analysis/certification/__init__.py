"""The arithmetic of a certificate: votes of a pair, controls, margins, e-values, levels, boundaries. Numbers only.

Start at `controls.py`; `analysis.designs` puts the pieces together. Arrays may carry many studies at once.
"""
