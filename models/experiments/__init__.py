"""Experiments: one file a table of the paper, or one that it lacks, found by its name.

A layout says which nets it compares (`arms`) and how what they said becomes a table; others train and ask them.
"""
