"""The pairs that can be asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.store.events import fact, keep_fact
from app.tables import PairRow
from hits.judgment import ASKED_ROLES
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


def keep_pairs(
    session: Session, pairs: Iterable[Pair], facts: Mapping[str, tuple[str, float | None]], *, seed: int = 0
) -> int:
    """Take pairs of the manifest into the database; the number of new ones.

    Each gets its place: chance decides, so that utterances are mixed, and new ones stand behind those that are there.

    Args:
        session: a writing session.
        pairs: from the manifest; paths relative to its folder.
        facts: family and SNR in dB by condition.
        seed: of the places.

    Raises:
        PairsChanged: a pair that is known has changed.
    """
    known = {row.pair_id: row for row in session.scalars(select(PairRow))}
    given = list(pairs)
    places = places_of((pair for pair in given if pair.pair_id not in known), supply(session), seed)
    for pair in given:
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
            place=places.get(pair.pair_id, 0),
        )
        if pair.pair_id not in known:
            session.add(row)
        elif _content(known[pair.pair_id]) != _content(row):
            raise PairsChanged(pair.pair_id)
    return len(places)


def group_of(role: str, condition: str) -> tuple[str, str]:
    """Among whom a pair has its place: study pairs in their condition, all others in their role."""
    return (role, condition if role == "study" else "")


def places_of(pairs: Iterable[Pair], taken: Mapping[tuple[str, str], int], seed: int) -> dict[str, int]:
    """The places that new pairs will have, behind those that are taken.

    Args:
        pairs: that are not there yet.
        taken: how many there are in each group, as `supply` counts them.
        seed: of the places.
    """
    following, places = Counter(taken), {}
    for pair in sorted(pairs, key=lambda pair: sha256(f"{seed}/{pair.pair_id}".encode()).digest()):
        group = group_of(pair.role, pair.condition)
        places[pair.pair_id] = following[group]
        following[group] += 1
    return places


def place_judged_first(session: Session, judged: Iterable[str]) -> None:
    """Give places anew: those that were judged come first, in the order of their first judgments.

    So places are the order that a decision follows, whoever was asked ahead of others; the rest stay in theirs.

    Args:
        session: a writing session.
        judged: ids of pairs with judgments that count, in the order of these.
    """
    turn = {pair_id: number for number, pair_id in enumerate(dict.fromkeys(judged))}
    groups: dict[tuple[str, str], list[tuple[int, str]]] = {}
    rows = select(PairRow.pair_id, PairRow.role, PairRow.condition, PairRow.place)
    for pair_id, role, condition, place in session.execute(rows.where(PairRow.role.in_(ASKED_ROLES))):
        groups.setdefault(group_of(role, condition), []).append((place, pair_id))
    moved = []
    for placed in groups.values():
        placed.sort(key=lambda one: (turn.get(one[1], len(turn)), one))
        moved += [{"pair_id": pair_id, "place": at} for at, (place, pair_id) in enumerate(placed) if at != place]
    if moved:
        session.execute(update(PairRow), moved)


PAIRS_MADE = "planned-pairs"  # as databases have it


def keep_pairs_made(session: Session, pairs: Iterable[Pair]) -> None:
    """Note how many pairs of each condition were made, published or not: designs of a planned size plan for them."""
    counts = Counter(pair.condition for pair in pairs if pair.role == "study")
    keep_fact(session, PAIRS_MADE, {"pairs": dict(sorted(counts.items()))})


def pairs_made(session: Session) -> dict[str, int]:
    """How many pairs of each condition were made; where nobody noted it, how many were taken in."""
    kept: dict[str, Any] | None = fact(session, PAIRS_MADE)
    if kept is not None:
        return dict(kept["pairs"])
    return {condition: count for (role, condition), count in supply(session).items() if role == "study"}


def supply(session: Session) -> dict[tuple[str, str], int]:
    """How many pairs there are in each group, as `group_of` says."""
    counts = select(PairRow.role, PairRow.condition, func.count()).group_by(PairRow.role, PairRow.condition)
    found: Counter[tuple[str, str]] = Counter()
    for role, condition, count in session.execute(counts):
        found[group_of(role, condition)] += count
    return dict(found)


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
