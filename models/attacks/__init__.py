"""Black-box attacks on a recogniser, one file an attack."""
