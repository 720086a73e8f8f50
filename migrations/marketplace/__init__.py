"""The marketplace's database, revision by revision."""
