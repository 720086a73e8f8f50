"""The pairs that workers practise on: what each of them is, and its two clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.trials import OpenTrial
from app.tables import PairRow
from hits.judgment import Answer, Rate
from pipelines.conditions import IDENTICAL, OBVIOUS

#: How a practice pair of a condition sounds to whoever listens.
SOUNDS: Mapping[str, Answer] = {IDENTICAL: "same", OBVIOUS: "different"}
TRIALS = 2  # one that sounds the same, and one that sounds different


@dataclass(frozen=True)
class PracticePair:
    """A pair of which a worker is told what it is. Paths are relative to the study's `pairs` folder."""

    pair_id: str
    sounds: Answer
    first_path: Path
    second_path: Path
    first_length_s: float
    second_length_s: float

    def as_trial(
        self,
        trial_id: str,
        assignment_id: str,
        *,
        number: int = 1,
        nonce: str = "",
        opened_at: datetime | None = None,
        rate: Rate = "noisy-if-different",
    ) -> OpenTrial:
        """What the page of a trial needs to ask about it, the original first."""
        return OpenTrial(
            trial_id=trial_id,
            assignment_id=assignment_id,
            nonce=nonce,
            position=number,
            total=TRIALS,
            first_path=self.first_path,
            second_path=self.second_path,
            first_length_s=self.first_length_s,
            second_length_s=self.second_length_s,
            opened_at=opened_at,
            noisy_is="second",
            rate=rate,
        )


def practice_pairs(session: Session) -> tuple[PracticePair, ...]:
    """The pairs that were made for practice, always in the same order; none in a study from before there were any."""
    rows = session.scalars(select(PairRow).where(PairRow.role == "practice").order_by(PairRow.pair_id))
    return tuple(
        PracticePair(
            row.pair_id,
            SOUNDS[row.condition],
            Path(row.original_path),
            Path(row.noisy_path),
            row.original_length_s,
            row.noisy_length_s,
        )
        for row in rows
        if row.condition in SOUNDS
    )
