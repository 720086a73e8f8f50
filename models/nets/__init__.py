"""Classifiers of emotion, one file a net."""
