"""RNNoise: the library of its authors, in front of nets or trained with them. Start at `rnnoise.py`."""
