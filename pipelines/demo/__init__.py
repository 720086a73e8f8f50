"""The demo's speech and sounds, made on the spot."""
