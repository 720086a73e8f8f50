"""`python -m app.cli` is `earwitness`."""

from app.cli.main import main

main()
