"""Layout: the nets that a table compares, and how what they said becomes the table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from analysis.report.parts import Section
from models.tables.arms import Arm, Ground
from models.tables.results import Results


class NothingToCompare(ValueError):
    """A layout finds no nets to compare."""

    def __init__(self, layout: str, lacks: str) -> None:
        super().__init__(f"the experiment {layout!r} has nothing to compare: {lacks}")


class Layout(ABC):
    """What all tables are; a variant's file defines one subclass."""

    #: What the table answers, in one sentence.
    question: ClassVar[str]

    @abstractmethod
    def arms(self, ground: Ground) -> list[Arm]:
        """The nets that are compared, each with what it is asked about; no two of one name.

        Raises:
            NothingToCompare: there are no conditions that this table is about.
        """

    @abstractmethod
    def table(self, results: Results) -> Section:
        """The table with its plots, notes and CSV files; arms that could not be had are dashes, and a note says why."""
