"""One file a noise: draw parameters, apply them."""
