"""Hear: from sound to features at a speaker's scale, clean, in noise or denoised; kept in a cache; in batches.

Start at `heard.py` (clips under conditions) and `material.py` (what nets learn from and are tested on).
"""
