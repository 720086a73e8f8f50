"""The one pair of hands: everything that is done with a platform, one step at a time, under the lock."""
