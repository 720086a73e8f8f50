"""The marketplace's only SQL: `engine` opens the database, the other files read and write its tables."""
