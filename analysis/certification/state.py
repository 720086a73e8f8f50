"""What goes between a design and whoever asks: pairs wanted, outcomes, and the state that studies have come to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from analysis.certification.controls import Controls

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Array: TypeAlias = npt.NDArray[np.generic]

#: Codes of the verdicts in `State.verdict`.
UNDECIDED, SAFE, UNSAFE = 0, 1, 2


@dataclass(frozen=True)
class Wanted:
    """The pairs of the next round: whole new pairs, each voted on until the design's vote rule is content."""

    pairs: Ints  # (studies, conditions)
    identical: Ints  # (studies,)
    positive: Ints  # (studies,)


@dataclass(frozen=True)
class Outcomes:
    """What came of a round: how many pairs were decided, and how many of them came out changed."""

    pairs: Ints  # (studies, conditions, dimensions)
    changed: Ints
    controls: Controls  # (studies, dimensions)
    exhausted: Bools | None = None  # (studies, conditions): of which no more pairs can be had; None: of none
    controls_exhausted: Bools | None = None  # (studies,)


@dataclass(frozen=True)
class Grounds:
    """What a verdict rests on, by condition and dimension: p-values (small is strong), or ratios (large is)."""

    kind: Literal["p-value", "e-value", "likelihood-ratio"]
    safe: Floats  # (studies, conditions, dimensions)
    unsafe: Floats

    @classmethod
    def of_logs(cls, kind: Literal["e-value", "likelihood-ratio"], safe: Floats, unsafe: Floats) -> Grounds:
        """From their logarithms; what would not fit a float is the largest that does."""
        return cls(kind, np.exp(np.minimum(safe, 700.0)), np.exp(np.minimum(unsafe, 700.0)))


@dataclass(frozen=True)
class State:
    """Where one or many studies stand, after any number of rounds. `to_json` keeps a single study between two runs."""

    rounds: Ints  # (studies,)
    opened: Ints  # (studies, conditions): pairs that were asked about; a dimension that was closed counts fewer
    pairs: Ints  # (studies, conditions, dimensions)
    changed: Ints
    controls: Controls  # (studies, dimensions)
    controls_closed: Bools  # (studies,)
    exhausted: Bools  # (studies, conditions)
    open: Bools  # (studies, conditions, dimensions): which want pairs
    verdict: Ints  # (studies, conditions): UNDECIDED, SAFE or UNSAFE; final once nothing is open
    decided_after: Ints  # (studies, conditions): the round after which it got no more pairs; -1 while open
    memory: Mapping[str, Array] = field(default_factory=dict)  # what a design needs beside

    @property
    def finished(self) -> Bools:
        """Which studies want no more pairs; shape (studies,)."""
        return np.asarray(~self.open.any(axis=(1, 2)))

    def with_verdicts(
        self, open_: Bools, safe: Bools, unsafe: Bools, closed: Bools, memory: Mapping[str, Array]
    ) -> State:
        """The same counts with other verdicts."""
        verdict = np.where(safe, SAFE, np.where(unsafe, UNSAFE, UNDECIDED))
        return replace(self, open=open_, verdict=verdict, controls_closed=closed, memory=memory)

    def with_finished_of(self, before: State) -> State:
        """The same, but studies that were finished before stay as they were."""
        done = before.finished

        def kept(old: Array, new: Array) -> Array:
            return np.where(done.reshape(-1, *[1] * (old.ndim - 1)), old, new)

        flat = {
            each.name: kept(getattr(before, each.name), getattr(self, each.name))
            for each in fields(State)
            if each.name not in ("controls", "memory")
        }
        memory = {name: kept(value, self.memory[name]) for name, value in before.memory.items()}
        return State(controls=self.controls, memory=memory, **flat)  # type: ignore[arg-type]

    def to_json(self) -> str:
        """The state as JSON; `from_json` gives back exactly the same."""
        return json.dumps(_plain(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> State:
        """The state that `to_json` wrote."""
        found = json.loads(text)
        controls = Controls(**{key: _array(value) for key, value in found.pop("controls").items()})
        memory = {key: _array(value) for key, value in found.pop("memory").items()}
        return cls(controls=controls, memory=memory, **{key: _array(value) for key, value in found.items()})


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}  # type: ignore[arg-type]


def _array(value: list[object]) -> Any:
    return np.asarray(value)
