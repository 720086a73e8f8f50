"""`earwitness sounds`: look at a sound bank before a study uses it."""

from __future__ import annotations

import click

import pipelines.sounds
from app.cli.init import parse_place
from app.cli.problems import tell_problems
from app.cli.say import print_table, progress_bar
from pipelines.variants import load, variant_names


@click.group(short_help="Look at a sound bank before a study uses it.")
def sounds() -> None:
    """Look at a sound bank before a study uses it."""


@sounds.command(epilog="Sound banks: " + ", ".join(variant_names(pipelines.sounds)) + ".")
@click.argument("place", metavar="NAME=PATH")
def check(place: str) -> None:
    """Decode every sound of a bank, count them by family and category, and name every file that can't be used.

    Counts go to stdout. Problems go to stderr, one a line, and end the command with 1; without any it ends with 0.
    """
    from pipelines.census import count_sounds
    from pipelines.sounds.base import SoundBank

    name, path = parse_place(place, "NAME=PATH")
    bank = load(pipelines.sounds, name, SoundBank)(path)
    total = sum(len(bank.sounds(family)) for family in bank.families())
    with progress_bar("decoding the sounds", total) as step:
        problems = list(bank.check())
        step(total)
    rows = [(one.family, one.category, one.sounds, one.with_problem) for one in count_sounds(bank, problems)]
    print_table(("family", "category", "sounds", "with a problem"), rows)
    tell_problems([problem.sentence for problem in problems])
    if problems:
        raise click.exceptions.Exit(1)
