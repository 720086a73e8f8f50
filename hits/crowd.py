"""The crowd of a rehearsal: who comes, how many an hour, how they hear, and how they misbehave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hits.listeners import PAPER_CHANGES, Listener

HURRY_S = 0.6  # until whoever does not weigh anything has answered
MOST_LEFT_AFTER = 30  # trials


class Crowd(BaseModel):
    """The simulated listeners of `earwitness rehearse`; no person ever meets these settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workers: int = Field(200, ge=1, le=20_000, description="how many come at most")
    arrivals_per_hour: float = Field(20.0, gt=0, le=10_000, description="how many come in an hour")
    hits_per_worker: float = Field(5.0, ge=1, le=1000, description="HITs that a worker does, in the mean")
    skilled_share: float = Field(
        0.3,
        ge=0,
        le=1,
        description="workers who hear nearly every change (.95), and hardly ever one that is none (.02)",
    )
    lazy_share: float = Field(0.05, ge=0, le=1, description="workers who say 'same' to everything")
    spammer_share: float = Field(0.05, ge=0, le=1, description="workers who answer by a coin")
    drop_out_share: float = Field(
        0.05, ge=0, le=1, description="workers who leave in the middle of a HIT, without a word"
    )
    two_tabs_share: float = Field(0.03, ge=0, le=1, description="workers who answer every trial in two tabs")
    slow_line_share: float = Field(0.1, ge=0, le=1, description="workers whose line is slow")
    slow_line_kbit_per_s: float = Field(
        500.0, gt=0, description="how fast a slow line is", json_schema_extra={"unit": "kbit/s"}
    )
    thinking_s: float = Field(
        5.0,
        gt=0,
        le=600,
        description="time from the end of both clips to the answer, in the median",
        json_schema_extra={"unit": "s"},
    )
    reading_s: float = Field(
        20.0, ge=0, le=3600, description="time on each page that is only read", json_schema_extra={"unit": "s"}
    )
    looks_again_s: float = Field(
        1800.0,
        ge=10,
        le=86_400,
        description="time after which a worker who found no task looks again",
        json_schema_extra={"unit": "s"},
    )
    looks_at_most: int = Field(
        24, ge=1, le=10_000, description="looks in vain, one after the other, before a worker goes home"
    )
    collecting_every_s: float = Field(
        60.0,
        ge=1,
        le=86_400,
        description="how often work that was handed in is collected and paid",
        json_schema_extra={"unit": "s"},
    )
    longest_days: float = Field(
        60.0, gt=0, le=3650, description="a rehearsal goes no further than this", json_schema_extra={"unit": "days"}
    )
    changes: Mapping[str, tuple[float, float]] = Field(
        {},
        description="share of a condition's pairs whose activation, and whose valence, truly changes, as in "
        "laugh = [0.16, 0.17]; others as the paper found them, or one in a hundred",
    )

    @model_validator(mode="after")
    def _adding_up(self) -> Crowd:
        kinds = self.skilled_share + self.lazy_share + self.spammer_share
        if kinds > 1 + 1e-9:
            raise ValueError(
                f"skilled_share, lazy_share and spammer_share are {kinds:g} together; expected 1 at most, since nobody "
                "is two of them"
            )
        wrong = [name for name, shares in self.changes.items() if not all(0 <= share <= 1 for share in shares)]
        if wrong:
            raise ValueError(f"changes of {', '.join(wrong)} are no shares; expected numbers from 0 to 1")
        return self

    @property
    def truth(self) -> Mapping[str, tuple[float, float]]:
        """Share of pairs that truly change, by condition."""
        return {**PAPER_CHANGES, **self.changes}


def arrivals(crowd: Crowd, seed: int) -> Iterator[tuple[float, Listener]]:
    """Who comes, and when: seconds from the beginning, in order.

    >>> [round(after_s / 3600) for after_s, _ in arrivals(Crowd(workers=3, arrivals_per_hour=1), seed=4)]
    [1, 2, 3]
    """
    rng = np.random.default_rng([seed, 2])
    after_s = 0.0
    for number in range(crowd.workers):
        after_s += float(rng.exponential(3600 / crowd.arrivals_per_hour))
        yield after_s, _listener(crowd, number, rng)


def _listener(crowd: Crowd, number: int, rng: np.random.Generator) -> Listener:
    """One of them; every one draws as many lots, so that one setting changes no other worker."""
    kind, leaves, tabs, line = rng.random(4)
    false_alarm, sensitivity = rng.beta(0.05 * 20, 0.95 * 20), rng.beta(0.85 * 12, 0.15 * 12)
    hits, left_after = rng.geometric(1 / crowd.hits_per_worker), rng.integers(1, MOST_LEFT_AFTER + 1)
    pace = rng.lognormal(0.0, 0.3)
    lazy = kind < crowd.lazy_share
    spams = not lazy and kind < crowd.lazy_share + crowd.spammer_share
    skilled = kind >= 1 - crowd.skilled_share
    return Listener(
        name=f"simulated listener {number}",
        false_alarm=0.02 if skilled else float(false_alarm),
        sensitivity=0.95 if skilled else float(sensitivity),
        careless=1.0 if spams else 0.0,
        lazy=lazy,
        thinking_s=HURRY_S if lazy or spams else crowd.thinking_s * float(pace),
        reading_s=crowd.reading_s,
        looks_again_s=crowd.looks_again_s,
        looks_at_most=crowd.looks_at_most,
        hits_at_most=int(hits),
        leaves_after=int(left_after) if leaves < crowd.drop_out_share else None,
        two_tabs=bool(tabs < crowd.two_tabs_share),
        line_kbit_per_s=crowd.slow_line_kbit_per_s if line < crowd.slow_line_share else None,
    )
