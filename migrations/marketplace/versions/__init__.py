"""Revisions of the marketplace's database."""
