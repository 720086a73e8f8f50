"""The history of the tables: `study` for a study's database, `marketplace` for the marketplace's own."""
