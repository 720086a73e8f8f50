"""Step: one stop on a worker's way to the first trial, with its page, its answers and its sounds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from flask import abort, redirect, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.serving import Web
from app.store import steps as store
from app.store.steps import StepName
from app.store.work import Work
from app.study import Study


@dataclass(frozen=True)
class Entrance:
    """Who is at a step, and where its page sends to."""

    web: Web
    token: str
    work: Work

    def post_at(self, step: StepName) -> str:
        """The address that takes a step's answers."""
        return url_for("annotate.take_step", token=self.token, step=step)

    def sound_at(self, step: StepName, sound: str) -> str:
        """The address of one of a step's sounds, by a name that gives nothing away."""
        return url_for("annotate.step_sound", token=self.token, step=step, sound=sound)

    def come_to(self, session: Session, step: StepName) -> store.Step | None:
        """How far the worker got in a step whose page is made now; nobody else changes it meanwhile.

        Where another window settled it since this one asked for it, the worker goes on: it is not begun anew.
        """
        found = store.step_to_change(session, self.work.worker, step)
        if step in store.settled_steps(session, self.work.worker, self.web.database.now(), runs_out(self.web.study)):
            abort(redirect(url_for("annotate.trial", token=self.token), 303))
        return found


class Step(ABC):
    """One stop on the way. It keeps how far a worker got by `app.store.steps`, under its own name.

    A variant promises: its page can be loaded again and again; an answer sent twice counts once; what is right is
    known to the server alone; a worker who comes back finds the round that was open.
    """

    name: ClassVar[StepName]

    @abstractmethod
    def wanted(self, study: Study) -> bool:
        """Whether the study asks for it."""

    @abstractmethod
    def page(self, at: Entrance, sentence: str | None = None) -> str:
        """What the worker sees now; `sentence` says what the last answer came to, where it did not go on."""

    @abstractmethod
    def take(self, at: Entrance, form: MultiDict[str, str]) -> str | None:
        """Take an answer in: None to go on to whatever comes now, or a sentence to show on the same page."""

    def sound(self, at: Entrance, sound: str) -> bytes | None:  # noqa: ARG002
        """A WAV file that the page plays, by the name in its address; None where there is none."""
        return None


#: Steps that are passed but grow old, since a worker may come with another device.
DEVICE_STEPS: tuple[StepName, ...] = ("sound-check", "headphones")


def runs_out(study: Study) -> Mapping[str, timedelta]:
    """How long steps stay passed that do not for ever."""
    return dict.fromkeys(DEVICE_STEPS, timedelta(hours=study.screening.valid_for_h))
