"""One file a method that turns votes into labels."""
