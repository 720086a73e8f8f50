"""The one command, `earwitness`, a file for each noun."""
