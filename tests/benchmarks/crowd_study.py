"""A study for a crowd: thousands of pairs with real sound, half judged once already, and an open HIT for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import soundfile

from app.store.database import Database
from app.store.hits import mark_open, plan_hits
from app.store.pairs import keep_pairs
from app.store.revisions import upgrade
from app.store.standing import standings
from app.study import FILE_NAME, CorpusPlace, SoundsPlace, Study, write_study
from app.tables import AssignmentRow, HitRow, JudgmentRow, TrialRow, WorkerRow
from hits.allocate import votes_wanted
from hits.batch import Hits, open_hits
from hits.judgment import Hit
from hits.screening import Screening
from pipelines.clip import Pair, Role

RATE_HZ = 16_000
CLIP_S = (1.0, 3.0)
FILES = 400  # sounds on the disk; pairs share them, each under its own clip
CHECKS = 40
CONDITIONS = 28
PAST_TRIALS = 20  # of each HIT that is over


def make_study(folder: Path, database_url: str | None, *, pairs: int, hits: int) -> list[str]:
    """Write a study into a folder and its database; the platform's ids of its open HITs."""
    study = Study(
        corpus=CorpusPlace(name="demo", path=folder),
        sounds=SoundsPlace(name="demo", path=folder),
        hits=Hits(trials_per_hit=10, checks_per_hit=1),
        screening=Screening(sound_check=False, practice=False),
    )
    (folder / FILE_NAME).write_text(write_study(study), encoding="utf-8")
    (folder / "marketplace.db").touch()  # a marketplace of its own, not this user's
    lengths_s = _make_sounds(folder / "pairs")
    database = Database(database_url or f"sqlite:///{folder / 'study.db'}")
    upgrade(database)
    made = [_pair(number, "study", lengths_s) for number in range(pairs)]
    made += [_pair(pairs + number, "check", lengths_s) for number in range(CHECKS)]
    planned = open_hits(0, hits, study.hits)
    with database.writing() as session:
        keep_pairs(session, made, {pair.condition: (pair.condition, None) for pair in made})
        plan_hits(session, planned, "crowd", study.hits, study.pay)
        session.flush()
        for hit in planned:
            mark_open(session, hit.hit_id, _platform_id(hit), 86_400)
        session.flush()
        for rows in _past(made[: pairs // 2]):
            session.add_all(rows)
            session.flush()
    database.dispose()
    return [_platform_id(hit) for hit in planned]


def _platform_id(hit: Hit) -> str:
    return "3" + hit.hit_id.replace("-", "").upper()


def _make_sounds(folder: Path) -> list[float]:
    """Noise in syllables, in files of several lengths; the lengths in seconds."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    lengths_s = []
    for number in range(FILES):
        time_s = np.arange(int(rng.uniform(*CLIP_S) * RATE_HZ)) / RATE_HZ
        voice = 0.1 * np.clip(np.sin(time_s * 20), 0, 1) * rng.standard_normal(len(time_s))
        soundfile.write(folder / f"{number}.flac", np.clip(voice, -1, 1), RATE_HZ, subtype="PCM_16")
        lengths_s.append(len(time_s) / RATE_HZ)
    return lengths_s


def _pair(number: int, role: Role, lengths_s: list[float]) -> Pair:
    original, noisy = (2 * number) % FILES, (2 * number + 1) % FILES
    return Pair(
        pair_id=f"pair{number:06d}",
        clip_id=f"clip{number // CONDITIONS:05d}",
        condition=f"condition-{number % CONDITIONS:02d}" if role == "study" else "identical",
        role=role,
        original_path=Path(f"{original}.flac"),
        noisy_path=Path(f"{noisy}.flac"),
        original_length_s=lengths_s[original],
        noisy_length_s=lengths_s[noisy],
        original_sha256="",
        noisy_sha256="",
        seed=0,
        params={},
    )


def _past(pairs: list[Pair]) -> Iterator[list[object]]:
    """What is left of HITs that are over and paid, in an order that foreign keys allow."""
    then = datetime.now(UTC) - timedelta(days=1)
    for number, first in enumerate(range(0, len(pairs), PAST_TRIALS)):
        chunk = pairs[first : first + PAST_TRIALS]
        yield [
            HitRow(
                hit_id=f"past-{number}",
                platform="mturk",
                platform_hit_id=f"3PAST{number}",
                token=f"past-{number}",
                policy="adaptive",
                state="closed",
                trials_per_hit=len(chunk),
                assignments_wanted=1,
                reward_minor=50,
                created_at=then,
            ),
            WorkerRow(
                worker=f"past-{number}",
                platform="mturk",
                platform_worker_id=None,
                simulated=True,
                first_seen_at=then,
            ),
        ]
        yield [_past_assignment(number, then)]
        yield [_past_trial(number, position, pair, then) for position, pair in enumerate(chunk, start=1)]
        yield [_past_judgment(number, pair, then) for pair in chunk]


def _past_assignment(number: int, then: datetime) -> AssignmentRow:
    return AssignmentRow(
        assignment_id=f"past-{number}",
        hit_id=f"past-{number}",
        worker=f"past-{number}",
        platform_assignment_id=f"3PAST{number}",
        state="approved",
        accepted_at=then,
        expires_at=then,
    )


def _past_trial(number: int, position: int, pair: Pair, then: datetime) -> TrialRow:
    return TrialRow(
        trial_id=f"past-{pair.pair_id}",
        assignment_id=f"past-{number}",
        position=position,
        pair_id=pair.pair_id,
        role="study",
        order="original-first",
        state="answered",
        nonce="",
        opened_at=then,
        answered_at=then,
    )


def _past_judgment(number: int, pair: Pair, then: datetime) -> JudgmentRow:
    return JudgmentRow(
        judgment_id=f"past-{pair.pair_id}",
        trial_id=f"past-{pair.pair_id}",
        pair_id=pair.pair_id,
        worker=f"past-{number}",
        assignment_id=f"past-{number}",
        role="study",
        order="original-first",
        activation="same",
        valence="same",
        listened_s=5.0,
        elapsed_s=9.0,
        submitted_at=then,
        late=False,
    )


def what_is_wrong(database: Database, kept: Mapping[str, int]) -> list[str]:
    """Sentences on what was lost, doubled, or handed out too often; none where all is well.

    Args:
        database: of the study, once nobody works on it any more.
        kept: how often the server said that it kept the answer of a trial, by trial.
    """
    from sqlalchemy import func, select

    wrong = []
    with database.reading() as session:
        tally = select(JudgmentRow.trial_id, func.count()).group_by(JudgmentRow.trial_id)
        found = {trial: count for trial, count in session.execute(tally) if not trial.startswith("past-")}
        if lost := set(kept) - set(found):
            wrong.append(f"{len(lost)} answers were taken and are not in the database")
        if doubled := [trial for trial, count in found.items() if count > 1]:
            wrong.append(f"{len(doubled)} answers are in the database more than once")
        if unheard := set(found) - set(kept):
            wrong.append(f"{len(unheard)} answers are in the database that nobody was told of")
        twice = select(JudgmentRow.worker).group_by(JudgmentRow.worker, JudgmentRow.pair_id).having(func.count() > 1)
        if again := len(session.scalars(twice).all()):
            wrong.append(f"{again} pairs were judged twice by one worker")
        late = session.scalar(select(func.count()).select_from(JudgmentRow).where(JudgmentRow.late))
        if late:
            wrong.append(f"{late} answers came for pairs that had all their votes")
        design = Hits()
        crowded = [
            s
            for s in standings(session, datetime.now(UTC))
            if s.role != "check" and s.reserved > votes_wanted(s, design)
        ]
        if crowded:
            wrong.append(f"{len(crowded)} pairs were handed out more often than they need")
    return wrong
