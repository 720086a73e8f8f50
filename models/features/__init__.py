"""What nets see of a clip."""
