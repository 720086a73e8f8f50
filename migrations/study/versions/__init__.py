"""Revisions of the study's database."""
