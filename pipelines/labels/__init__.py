"""Files that say what is in sound: alignments, ratings, tables; one file a format."""
