"""Web: what every page of a served study needs to know, and where a view finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from flask import current_app

from app.settings import Settings
from app.store.database import Database
from app.store.work import Rules
from app.study import Study
from hits.platforms.base import Platform

KEY = "earwitness"


@dataclass(frozen=True)
class Web:
    """A study as it is served.

    Attributes:
        folder: the study's folder, with `pairs` and `report` in it.
        platform: how workers arrive and hand in; none of its network calls is made from a page.
        submit_hosts: `scheme://host[:port]` origins that may frame a task and be handed work.
        secret_key: signs links and the researcher's session, and keys the hashes of workers' ids.
        public_url: where people reach this server; https makes the researcher's cookie `Secure`.
        hook_secret: what the platform signs with what it says by itself; None where it is not listened to.
        signed_links: workers are let in by links alone that the platform has signed.
        draws: gives what a page draws its lots with; a rehearsal can be repeated.
    """

    database: Database
    study: Study
    folder: Path
    settings: Settings
    platform: type[Platform]
    submit_hosts: frozenset[str]
    secret_key: str
    public_url: str
    hook_secret: str | None = None
    signed_links: bool = False
    draws: Callable[[], np.random.Generator] = np.random.default_rng

    @property
    def rules(self) -> Rules:
        """The parts of the study that a worker's way depends on."""
        return Rules(self.study.hits, self.study.pay, self.study.listening, self.study.quality)


def served() -> Web:
    """The study that this application serves."""
    return cast(Web, current_app.extensions[KEY])
