"""Corpus: a folder on disk that yields clips, and says which of its files it could not use."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.clip import Clip


@dataclass(frozen=True)
class Problem:
    """A file of a corpus or sound bank that can't be used, and why, as a sentence for a person."""

    path: Path
    sentence: str


class CorpusNotFound(FileNotFoundError):
    """A folder does not look like the corpus that it was named as."""

    def __init__(self, corpus: str, path: Path, expected: str) -> None:
        super().__init__(f"no {corpus} corpus in {path}: {expected}")


class Corpus(ABC):
    """A speech corpus in its publisher's own layout.

    A variant takes the corpus' root folder, refuses at once (CorpusNotFound) what does not look like the corpus,
    and reads lazily. Its file opens with what it is, where to get it, its licence and citation.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @abstractmethod
    def read(self) -> Iterator[Clip | Problem]:
        """Each clip, in a stable order; and a Problem for each file that can't be used. Never raises for one file."""
