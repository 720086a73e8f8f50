"""A table as a section: its blocks with the notes below, and the files beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analysis.report.parts import Block, Heading, Listed, Section


def noted(
    name: str, title: str, blocks: Iterable[Block | None], notes: tuple[str, ...], files: Mapping[str, str]
) -> Section:
    """A section whose blocks are those that are there, with its notes below them."""
    there = tuple(block for block in blocks if block is not None)
    return Section(name, title, (*there, Heading("How to read this"), Listed(notes)), files)
