"""Any panel that sends people with ids in the URL, and takes them back by an address, a code or both."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hits.platforms.base import Platform
from hits.recruiting import (
    Arrival,
    ArrivalRefused,
    Completion,
    Machine,
    Offer,
    Outcome,
    PlatformAssignment,
    PlatformRefused,
    Traits,
    Wave,
)

Preset: TypeAlias = Literal["own", "sona", "connect"]

#: What a preset sets where study.toml says nothing else; links are written as the panel's own pages want them.
PRESETS: Mapping[Preset, Mapping[str, str]] = {
    "own": {},
    "sona": {"worker_parameter": "survey_code", "worker_placeholder": "%SURVEY_CODE%", "assignment_parameter": ""},
    "connect": {
        "worker_parameter": "participantId",
        "worker_placeholder": "",  # Connect adds its parameters by itself
        "assignment_parameter": "assignmentId",
        "project_parameter": "projectId",
    },
}

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}", re.ASCII)  # no sign that a spreadsheet would compute with
_NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,39}$"
_NAME_OR_NONE = r"^([A-Za-z][A-Za-z0-9_-]{0,39})?$"
_CODE = r"^[A-Za-z0-9_-]{0,64}$"
_PLACES = re.compile(r"\{(\w*)\}")
PLACES = frozenset({"code", "worker", "assignment"})


class PanelCodes(BaseModel):
    """What a worker brings back to the panel, by how it ended; an empty one is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    completed: str = Field("", pattern=_CODE, description="code for whoever did the whole task")
    screened_out: str = Field("", pattern=_CODE, description="code for whoever the study let go")
    withdrawn: str = Field("", pattern=_CODE, description="code for whoever left")


class PanelDesign(BaseModel):
    """How a panel's links are made, under hits.platform = "panel"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: Preset = Field("own", description="'sona', 'connect' (CloudResearch), or 'own': the names below")
    worker_parameter: str = Field("worker", pattern=_NAME, description="parameter with the worker's id")
    worker_placeholder: str = Field(
        "", max_length=80, description="what the panel puts the worker's id in place of; empty: it adds ids by itself"
    )
    assignment_parameter: str = Field(
        "", pattern=_NAME_OR_NONE, description="parameter with the id of this participation; empty: the panel has none"
    )
    project_parameter: str = Field(
        "", pattern=_NAME_OR_NONE, description="parameter that has to be there besides; empty: none"
    )
    hit_parameter: str = Field("hit", pattern=_NAME, description="parameter in which our own link names the HIT")
    preview_parameter: str = Field("preview", pattern=_NAME, description="parameter of somebody who only looks")
    redirect_url: str = Field(
        "",
        max_length=2000,
        description="where workers go back to; {code}, {worker} and {assignment} are filled in; empty: the code alone",
    )
    codes: PanelCodes = Field(PanelCodes(), description="what a worker brings back to the panel, by how it ended")

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, found: Any) -> Any:
        """What the preset says, under what is said besides: study.toml writes every default out, which says nothing."""
        if not isinstance(found, dict):
            return found
        said = {key: value for key, value in found.items() if value != _default_of(cls, key)}
        return {**PRESETS.get(said.get("preset", "own"), {}), **said}

    @model_validator(mode="after")
    def _usable(self) -> PanelDesign:
        parameters = [
            self.worker_parameter,
            self.assignment_parameter,
            self.project_parameter,
            self.hit_parameter,
            self.preview_parameter,
        ]
        given = [one for one in parameters if one]
        if len(set(given)) < len(given):
            raise ValueError(f"parameters are {', '.join(given)}; expected each name once")
        if not self.redirect_url:
            return self
        unknown = {*_PLACES.findall(self.redirect_url)} - PLACES
        if unknown:
            raise ValueError(
                f"redirect_url has {{{sorted(unknown)[0]}}}; expected {{code}}, {{worker}} or {{assignment}}"
            )
        parts = urlsplit(self.redirect_url)
        if parts.scheme != "https" or not parts.hostname or "{" in parts.netloc:
            raise ValueError(f"redirect_url is {self.redirect_url!r}; expected an address that begins with https://")
        return self


def _default_of(design: type[BaseModel], key: str) -> object:
    field = design.model_fields.get(key)
    return None if field is None else field.default


class Panel(Platform):
    """A panel: people come with ids in the URL, and nothing is asked of it or told to it but by their browsers."""

    traits: ClassVar[Traits] = Traits(
        shared_hits=True,
        reports=False,
        pays=False,
        rejects=False,
        overturns=False,
        pauses=False,
        pays_by_itself=False,
    )
    design: ClassVar[PanelDesign] = PanelDesign()

    @classmethod
    def of(cls, design: PanelDesign) -> type[Panel]:
        """This platform for one panel."""
        return type("Panel", (cls,), {"design": design})

    @classmethod
    def of_study(cls, settings: Mapping[str, Any]) -> type[Panel]:
        """The panel of the study's table `[panel]`."""
        return cls.of(settings["panel"])

    @classmethod
    def warnings(cls, wave: Wave) -> Iterator[str]:
        """How many links a person would have to put up."""
        if wave.policy == "fixed" and wave.hits > 1:
            yield (
                f"Under 'fixed' each of the {wave.hits} HITs is a task of its own with a link of its own for the "
                'panel; hits.policy = "adaptive" makes one.'
            )

    def publish(self, offer: Offer) -> str:
        """Nothing is sent: a person puts the HIT's link into the panel. The token is the HIT's name in it."""
        if self.design.preset == "sona" and "{worker}" not in self.design.redirect_url:
            raise PlatformRefused(
                "panel.redirect_url is missing: copy SONA's completion URL there, with {worker} in place of XXXX, or "
                "nobody is given credit"
            )
        return offer.token

    def invitation(self, url: str, platform_hit_id: str) -> str:
        """The link to put into the panel, with the panel's own placeholders where it wants them in the link."""
        query = urlencode({self.design.hit_parameter: platform_hit_id})
        if self.design.worker_placeholder:
            query += f"&{self.design.worker_parameter}={self.design.worker_placeholder}"
        return f"{url}?{query}"

    def assignments(self, platform_hit_id: str) -> Iterator[PlatformAssignment]:  # noqa: ARG002
        """None: a panel does not report, so the study's own word has to do."""
        return iter(())

    def approve(self, assignment_id: str, *, though_rejected: bool = False) -> None:
        """Nothing to be told to anybody."""

    def reject(self, assignment_id: str, reason: str) -> None:  # noqa: ARG002
        """A panel knows no rejection that we could send."""
        raise PlatformRefused(f"assignment {assignment_id} can't be rejected: a panel takes no word from here")

    def bonus(
        self,
        worker_id: str,  # noqa: ARG002
        assignment_id: str,
        amount_minor: int,  # noqa: ARG002
        reason: str,  # noqa: ARG002
        token: str,  # noqa: ARG002
        handle: str | None = None,  # noqa: ARG002
    ) -> None:
        """No money moves here: what is owed is paid out by hand."""
        raise PlatformRefused(
            f"the bonus for {assignment_id} can't be sent: a panel pays nobody; `earwitness payouts export` lists it"
        )

    def bonus_sent(
        self,
        assignment_id: str,  # noqa: ARG002
        amount_minor: int,  # noqa: ARG002
        reason: str,  # noqa: ARG002
        handle: str | None = None,  # noqa: ARG002
    ) -> bool:
        """Never: no money moves here."""
        return False

    def expire(self, platform_hit_id: str) -> None:
        """Our own pages let nobody in from now on; the panel's listing is for a person to take down."""

    def pause(self, platform_hit_id: str) -> None:
        """Our own pages ask people to come back; the panel's listing is for a person to take down."""

    def resume(self, platform_hit_id: str, lifetime_s: int) -> None:
        """Our own pages let people in again."""

    def grow(self, platform_hit_id: str, places: int) -> None:
        """Our own pages take as many as the study asks for."""

    def message(self, worker_ids: Sequence[str], subject: str, text: str) -> None:  # noqa: ARG002
        """A panel carries no messages from here."""
        raise PlatformRefused("a panel carries no messages from here; write through its own pages")

    def balance_minor(self) -> int:
        """A panel holds no money of ours."""
        return 0

    @classmethod
    def ways_back(cls, machine: Machine) -> frozenset[str]:  # noqa: ARG003
        """The origins to which workers go back; none where they only bring a code."""
        parts = urlsplit(cls.design.redirect_url)
        return frozenset({f"{parts.scheme}://{parts.netloc}"} if parts.netloc else ())

    @classmethod
    def arrive(cls, query: Mapping[str, str], submit_hosts: frozenset[str]) -> Arrival:  # noqa: ARG003
        """Who comes, by the names of the design's parameters; somebody who says so only looks."""
        design = cls.design
        hit_id = _wanted(query, design.hit_parameter)
        if query.get(design.preview_parameter):
            return Arrival(hit_id, None, None, None)
        worker_id = _wanted(query, design.worker_parameter)
        if design.project_parameter:
            _wanted(query, design.project_parameter)
        if design.assignment_parameter:
            assignment_id = _wanted(query, design.assignment_parameter)
        else:  # one go a worker and HIT; worker ids stand nowhere but where they are sealed
            assignment_id = hashlib.sha256(f"{hit_id}/{worker_id}".encode()).hexdigest()[:24]
        return Arrival(hit_id, assignment_id, worker_id, None)

    @classmethod
    def complete(cls, arrival: Arrival, outcome: Outcome = "completed", code: str | None = None) -> Completion:
        """A link back, where the design has one for this outcome, and the outcome's code, where there is one.

        Raises:
            ArrivalRefused: it was a preview; there is nothing to hand in.
        """
        if arrival.assignment_id is None or arrival.worker_id is None:
            raise ArrivalRefused("This is a preview. Open the task from the panel's own list; then it can be done.")
        own = getattr(cls.design.codes, outcome.replace("-", "_")) or None
        address = cls.design.redirect_url
        if not address or (outcome != "completed" and ("{code}" not in address or own is None)):
            return Completion(action="", method="get", code=own or code)
        filled = {"code": own or code or "", "worker": arrival.worker_id, "assignment": arrival.assignment_id}
        for place, value in filled.items():
            address = address.replace(f"{{{place}}}", quote(value, safe=""))
        return Completion(action=address, method="get", code=own)


def _wanted(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if _ID.fullmatch(value) is None:
        raise ArrivalRefused(
            f"This link has {'no' if not value else 'a malformed'} {name}. "
            "Open the task from the panel's own list again."
        )
    return value
