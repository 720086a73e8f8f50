"""The pages, the one command, the marketplace, the memory. The only package that knows Flask and the database.

Start at `app.wiring` (what is built from what) and `app.cli.main` (the command). Nothing runs on import.
"""
