"""The pairs that can be asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.tables import PairRow
from pipelines.clip import Pair


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
