"""`earwitness corpus`: look at a speech corpus before a study uses it."""

from __future__ import annotations

import click

import pipelines.corpora
from app.cli.init import parse_place
from app.cli.opening import NoClips
from app.cli.problems import tell_problems
from app.cli.say import print_table, tell, track
from pipelines.variants import load, variant_names


@click.group(short_help="Look at a speech corpus before a study uses it.")
def corpus() -> None:
    """Look at a speech corpus before a study uses it."""


@corpus.command(epilog="Corpora: " + ", ".join(variant_names(pipelines.corpora)) + ".")
@click.argument("place", metavar="NAME=PATH")
def check(place: str) -> None:
    """Read a whole corpus, count its clips, and name every file that can't be used.

    Counts go to stdout, beside what the publisher says where that is known; a difference is no problem. Problems go to
    stderr, one a line, and end the command with 1; without any it ends with 0.
    """
    from pipelines.census import count_clips
    from pipelines.clip import Clip
    from pipelines.corpora.base import Corpus

    name, path = parse_place(place, "NAME=PATH")
    speech = load(pipelines.corpora, name, Corpus)(path)
    total = sum(1 for _ in speech.listed())
    entries = list(track(speech.read(), "reading the corpus", total))
    clips = [entry for entry in entries if isinstance(entry, Clip)]
    if clips:
        counts = count_clips(clips, speech.PUBLISHED)
        rows = [(one.counted, one.name, one.found, one.published, one.difference) for one in counts]
        print_table(("counted", "name", "found", "published", "difference"), rows)
        if speech.PUBLISHED:
            tell(f"published: {speech.PUBLISHED.source}")
    tell_problems([entry.sentence for entry in entries if not isinstance(entry, Clip)])
    if not clips:
        raise NoClips(f"the corpus {name} in {path} has no usable clip ({len(entries)} files can't be used)")
    if len(clips) < len(entries):
        raise click.exceptions.Exit(1)
