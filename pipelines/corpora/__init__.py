"""One file a corpus: a folder on disk that yields clips."""
