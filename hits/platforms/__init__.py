"""One file a platform: how HITs go out, how workers arrive and leave, how money moves."""
