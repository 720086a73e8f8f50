"""The study's database, revision by revision."""
