"""The pairs that can be asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.tables import PairRow
from pipelines.clip import Pair


@dataclass(frozen=True)
class PairFacts:
    """A pair as a researcher may know it."""

    pair_id: str
    clip_id: str
    condition: str
    family: str
    snr_db: float | None
    role: str
    original_length_s: float
    noisy_length_s: float


class PairsChanged(ValueError):
    """The manifest no longer says what was put before listeners."""

    def __init__(self, pair_id: str) -> None:
        super().__init__(
            f"pair {pair_id} is in the database with another sound, condition or role than in pairs/manifest.jsonl; "
            "judgments already belong to it. Put the manifest back, or begin a new study folder"
        )


def keep_pairs(session: Session, pairs: Iterable[Pair], facts: Mapping[str, tuple[str, float | None]]) -> int:
    """Take pairs of the manifest into the database; the number of new ones.

    Args:
        session: a writing session.
        pairs: from the manifest; paths relative to its folder.
        facts: family and SNR in dB by condition.

    Raises:
        PairsChanged: a pair that is known has changed.
    """
    known = {row.pair_id: row for row in session.scalars(select(PairRow))}
    new = 0
    for pair in pairs:
        family, snr_db = facts[pair.condition]
        row = PairRow(
            pair_id=pair.pair_id,
            clip_id=pair.clip_id,
            condition=pair.condition,
            family=family,
            snr_db=snr_db,
            role=pair.role,
            original_path=str(pair.original_path),
            noisy_path=str(pair.noisy_path),
            original_length_s=pair.original_length_s,
            noisy_length_s=pair.noisy_length_s,
            simulated=pair.simulated,
        )
        if pair.pair_id not in known:
            session.add(row)
            new += 1
        elif _content(known[pair.pair_id]) != _content(row):
            raise PairsChanged(pair.pair_id)
    return new


def _content(row: PairRow) -> tuple[object, ...]:
    return (row.clip_id, row.condition, row.role, row.original_path, row.noisy_path, row.noisy_length_s)


def known_pairs(session: Session) -> frozenset[str]:
    """The ids of the pairs that were taken in."""
    return frozenset(session.scalars(select(PairRow.pair_id)))


def pairs_under(session: Session, condition: str) -> list[PairFacts]:
    """The pairs of a condition in all its roles, by id; practice is not among them."""
    query = select(PairRow).where(PairRow.condition == condition, PairRow.role != "practice")
    return [
        PairFacts(
            row.pair_id,
            row.clip_id,
            row.condition,
            row.family,
            row.snr_db,
            row.role,
            row.original_length_s,
            row.noisy_length_s,
        )
        for row in session.scalars(query.order_by(PairRow.pair_id))
    ]


def clip_path(session: Session, pair_id: str, which: str) -> Path | None:
    """Where a clip of a pair lies in the study's `pairs`; None where there is no such pair or clip.

    Args:
        session: where they are kept.
        pair_id: of the pair.
        which: `original` or `noisy`.
    """
    column = {"original": PairRow.original_path, "noisy": PairRow.noisy_path}.get(which)
    found = None if column is None else session.scalar(select(column).where(PairRow.pair_id == pair_id))
    return None if found is None else Path(found)
