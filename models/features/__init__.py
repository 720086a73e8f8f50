"""What nets see of a clip: one file a kind of feature."""
