"""A crowd in a study's database: workers, assignments, trials, judgments, payments, as many as one likes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import insert

from app.tables import AssignmentRow, JudgmentRow, PairRow, PaymentRow, TrialRow, WorkerRow
from app.web import Web
from tests.app.conftest import CONDITION

BEGUN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=30)
TRIAL_S = 20


def worker_name(number: int) -> str:
    """The hash of a worker of the crowd."""
    return f"w{number:015x}"


def assignment_name(number: int) -> str:
    """The id of the assignment of that worker."""
    return f"a{number:023x}"


def gather(web: Web, workers: int, trials: int, paid_minor: int = 63, pairs: int | None = None, first: int = 0) -> None:
    """Workers up to so many, from a first number on, each with one assignment that was handed in and paid."""
    pairs = pairs or max(trials, 3)
    rng = np.random.default_rng(7)
    with web.database.writing() as session:
        known = set(session.query(PairRow.pair_id))
        new = [_pair(number) for number in range(pairs) if (f"pair{number}",) not in known]
        if new:
            session.execute(insert(PairRow), new)
        for number in range(first, workers):
            _one(session, number, trials, paid_minor, pairs, rng)


def _pair(number: int) -> dict[str, object]:
    condition = ("nat-co-10db", "fade-in", "nat-st-0db")[number % 3]
    return {
        "pair_id": f"pair{number}",
        "clip_id": f"clip{number}",
        "condition": condition,
        "family": "background",
        "snr_db": 10.0,
        "role": "study",
        "original_path": "original/clip0.flac",
        "noisy_path": f"noisy/{CONDITION}0.flac",
        "original_length_s": 2.0,
        "noisy_length_s": 2.0,
        "simulated": False,
    }


def _one(session, number, trials, paid_minor, pairs, rng) -> None:
    worker, assignment = worker_name(number), assignment_name(number)
    begun = BEGUN + timedelta(minutes=number % 1440)
    done = begun + timedelta(seconds=TRIAL_S * trials)
    session.execute(
        insert(WorkerRow),
        [
            {
                "worker": worker,
                "platform": "mturk",
                "platform_worker_id": f"AREAL{number}",
                "simulated": False,
                "checks_answered": 4,
                "checks_passed": 4 - number % 3,
                "trusted": True,
                "first_seen_at": begun,
            }
        ],
    )
    session.execute(
        insert(AssignmentRow),
        [
            {
                "assignment_id": assignment,
                "hit_id": "h1",
                "worker": worker,
                "platform_assignment_id": f"3A{number}",
                "state": "approved",
                "comment": "<script>alert('c')</script> I liked it" if number == 0 else "",
                "accepted_at": begun,
                "expires_at": begun + timedelta(hours=1),
                "finished_at": done,
                "submitted_at": done,
            }
        ],
    )
    offset = int(rng.integers(pairs))
    rows = [_trial(number, place, (offset + place) % pairs, assignment, begun) for place in range(trials)]
    session.execute(insert(TrialRow), rows)
    session.execute(insert(JudgmentRow), [_judgment(row, worker, place, rng) for place, row in enumerate(rows)])
    session.execute(
        insert(PaymentRow),
        [
            {
                "key": f"reward-{number}",
                "kind": "reward",
                "assignment_id": assignment,
                "amount_minor": paid_minor,
                "fee_minor": 13,
                "state": "confirmed",
                "planned_at": done,
                "changed_at": done,
            }
        ],
    )


def _trial(number: int, place: int, pair: int, assignment: str, begun: datetime) -> dict[str, object]:
    return {
        "trial_id": f"t{number}-{place}",
        "assignment_id": assignment,
        "position": place + 1,
        "pair_id": f"pair{pair}",
        "role": "study",
        "order": "original-first" if place % 2 else "noisy-first",
        "state": "answered",
        "nonce": "n",
        "opened_at": begun + timedelta(seconds=TRIAL_S * place),
        "answered_at": begun + timedelta(seconds=TRIAL_S * (place + 1)),
    }


def _judgment(trial, worker: str, place: int, rng) -> dict[str, object]:
    different = bool(rng.random() < 0.3)
    return {
        "judgment_id": f"j{trial['trial_id']}",
        "trial_id": trial["trial_id"],
        "pair_id": trial["pair_id"],
        "worker": worker,
        "assignment_id": trial["assignment_id"],
        "role": "study",
        "order": trial["order"],
        "activation": "different" if different else "same",
        "valence": "same",
        "activation_rating": 4.0 if different else None,
        "valence_rating": 3.0 if different else None,
        "scale": "manikins",
        "listened_s": 4.0,
        "elapsed_s": float(TRIAL_S),
        "submitted_at": trial["answered_at"],
        "late": False,
    }
