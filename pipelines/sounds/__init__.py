"""One file a sound bank: sounds by family."""
