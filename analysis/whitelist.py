"""Whitelist: the noise conditions under which people hear the same emotion, as a file that can be cited and checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, Field, JsonValue, ValidationError, model_validator

from analysis.rule import DecisionRule
from analysis.verdicts import Verdict, overall, stem
from analysis.whitelist_parts import (
    BankPlace,
    ConditionVerdict,
    ControlFigures,
    Exclusions,
    Part,
    Stamp,
    Votes,
    check_condition,
)
from pipelines.whole_file import write_whole

FORMAT: Final = "earwitness-whitelist"
VERSION: Final = 2
#: What a seal leaves out: when it was derived, and where sounds lie on somebody's disk.
UNSEALED = frozenset({"created_at", "sounds", "seal"})
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class WhitelistRefused(ValueError):
    """A whitelist can't be read, or is not what it says it is; the sentence says where and what to do."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(f"{path} can't be used as a whitelist: {found}. `earwitness certify` writes a new one")


class OtherJudgments(ValueError):
    """A whitelist does not rest on the judgments at hand."""

    def __init__(self, path: Path, found: str, expected: str) -> None:
        super().__init__(
            f"{path} has the SHA-256 {found[:12]}..., but the whitelist rests on judgments with {expected[:12]}...; "
            f"certify again, or find the file that it was derived from"
        )


class SimulatedWhitelist(ValueError):
    """A whitelist from simulated listeners is about to be taken for one from people."""

    def __init__(self, study: str) -> None:
        super().__init__(
            f"the whitelist of {study!r} comes from simulated listeners and says nothing about people; collect "
            f"judgments from people, or force its use (--force) where that does not matter, as in a demo"
        )


class NotCertified(ValueError):
    """Verdicts that somebody printed are about to be taken for certified ones."""

    def __init__(self, study: str) -> None:
        super().__init__(
            f"the whitelist {study!r} holds reported verdicts: they were not certified from judgments; collect some, "
            f"or force its use (--force) where that is what you want to study"
        )


class Whitelist(Part):
    """The verdicts of a study, with everything that is needed to derive them again and to apply them."""

    format: Literal["earwitness-whitelist"] = FORMAT
    version: Literal[2] = VERSION
    kind: Literal["certified", "reported"] = Field(
        "certified", description="'reported': printed by somebody, and not certified from judgments"
    )
    created_at: AwareDatetime
    study: str = Field(min_length=1)
    seed: int
    languages: tuple[str, ...] = Field((), description="of the speech that was judged")
    page_languages: tuple[str, ...] = Field((), description="of the pages that workers could choose")
    rule: DecisionRule
    vote_rule: Votes
    grounds: Literal["p-value", "e-value", "likelihood-ratio", "none"]
    stamp: Stamp
    aggregator: str = Field("majority-vote", description="how votes became the labels of the plain ratio")
    controls: tuple[ControlFigures, ...]
    exclusions: Exclusions
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...]
    judgments_sha256: Sha256 | None = Field(description="of judgments.csv; null only where kind is reported")
    manifest_sha256: Sha256 | None = Field(description="of the pairs' manifest, where there is one")
    judgments: int = Field(ge=0, description="all rows of the file")
    pairs: int = Field(ge=0, description="with at least one study judgment that counts")
    workers: int = Field(ge=0, description="of those judgments")
    simulated: bool
    earwitness: str
    noises: Mapping[str, Mapping[str, JsonValue]] = Field(
        default_factory=dict, description="settings of conditions that differ from the usual, as in study.toml"
    )
    sounds: tuple[BankPlace, ...] = ()
    conditions: tuple[ConditionVerdict, ...]
    seal: str = Field("", description="SHA-256 of everything but created_at and sounds: a change by hand is seen")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        names = [verdict.condition for verdict in self.conditions]
        if len(set(names)) != len(names):
            raise ValueError("a condition stands in it twice")
        if self.kind == "certified":
            if self.judgments_sha256 is None:
                raise ValueError("it names no judgments that it rests on")
            if sum(verdict.pairs for verdict in self.conditions) != self.pairs:
                raise ValueError(f"its conditions' pairs do not add up to {self.pairs}")
            for verdict in self.conditions:
                check_condition(verdict)
        return self

    def sealed(self) -> Self:
        """The same with the seal that goes with its content."""
        return self.model_copy(update={"seal": seal_of(self.model_dump(mode="json"))})

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a whitelist and check that it holds together.

        Raises:
            FileNotFoundError: there is no such file.
            WhitelistRefused: not JSON, another format or version, values out of range, figures that do not go
                together, or a file that was changed by hand.
        """
        path = Path(path)
        try:
            found = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
        except (ValueError, RecursionError) as broken:  # no JSON, no UTF-8, a key twice, nested without end
            raise WhitelistRefused(path, f"it is not JSON ({broken})") from None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise WhitelistRefused(path, f"it does not say that its format is {FORMAT!r}")
        if found.get("version") != VERSION:
            raise WhitelistRefused(
                path, f"it has version {found.get('version')!r}; this release reads version {VERSION}"
            )
        try:
            whitelist = cls.model_validate(found)
        except ValidationError as wrong:
            raise WhitelistRefused(path, "; ".join(_sentences(wrong))) from None
        except OverflowError as wrong:
            raise WhitelistRefused(path, f"a number in it is too large ({wrong})") from None
        if not whitelist.seal:
            raise WhitelistRefused(path, "it has no seal, so nobody knows whether it was changed by hand")
        if whitelist.seal != seal_of(found):
            raise WhitelistRefused(path, "it was changed after it was written: its seal is not that of its content")
        return whitelist

    @property
    def safe_conditions(self) -> tuple[str, ...]:
        """The conditions that people were shown to hear as the same emotion."""
        return tuple(verdict.condition for verdict in self.conditions if verdict.decision == "SAFE")

    def safe_in(self, dimension: Literal["activation", "valence"] | None) -> tuple[str, ...]:
        """The conditions that are SAFE in one dimension; with None, in both, as `safe_conditions`."""
        if dimension is None:
            return self.safe_conditions
        return tuple(verdict.condition for verdict in self.conditions if getattr(verdict, dimension).decision == "SAFE")

    def allows(self, condition_name: str) -> bool:
        """Whether this very condition is SAFE; one that was never judged is not."""
        return condition_name in self.safe_conditions

    def allowed_at(self, family: str, snr_db: float) -> bool:
        """Whether sound of an additive family may be added at a level.

        A level that was judged speaks for itself: every condition of the family at that level has to be SAFE.
        Another level is allowed when the nearest noisier level (lower SNR) that is SAFE has no UNSAFE one at a
        higher SNR beside it: less of a sound that changes nothing changes nothing either.

        Args:
            family: as in `ConditionVerdict.family` (`nat`), or a condition's name without its level (`nat-co`), which
                leaves out the family's other conditions, such as sounds at the start only.
            snr_db: speech to noise in dB; higher is cleaner.
        """
        levels: dict[float, list[Verdict]] = {}
        for verdict in self.conditions:
            if verdict.snr_db is not None and family in (verdict.family, stem(verdict.condition)):
                levels.setdefault(verdict.snr_db, []).append(verdict.decision)
        judged = {level: overall(found) for level, found in levels.items()}
        if snr_db in judged:
            return judged[snr_db] == "SAFE"
        safe_below = [level for level, found in judged.items() if found == "SAFE" and level <= snr_db]
        unsafe = [level for level, found in judged.items() if found == "UNSAFE"]
        return bool(safe_below) and not any(level >= max(safe_below) for level in unsafe)

    def verify(self, judgments_path: Path) -> None:
        """Check that this whitelist rests on these judgments, byte for byte.

        Raises:
            OtherJudgments: the file has another hash.
            NotCertified: it rests on no judgments at all.
        """
        if self.judgments_sha256 is None:
            raise NotCertified(self.study)
        found = sha256_of(judgments_path)
        if found != self.judgments_sha256:
            raise OtherJudgments(judgments_path, found, self.judgments_sha256)

    def require_real(self, force: bool = False) -> None:
        """Refuse verdicts that could be taken for certified ones of people, and are not.

        Raises:
            SimulatedWhitelist: they are simulated, and nobody insists.
            NotCertified: they were printed by somebody, and rest on no judgments at hand.
        """
        if self.simulated and not force:
            raise SimulatedWhitelist(self.study)
        if self.kind == "reported" and not force:
            raise NotCertified(self.study)

    def save(self, path: Path) -> None:
        """Write the whitelist as JSON; the file appears whole or not at all."""
        text = json.dumps(self.sealed().model_dump(mode="json"), indent=2, ensure_ascii=False)
        write_whole(path, text + "\n")


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand in it once."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def seal_of(content: Mapping[str, Any]) -> str:
    """The seal that goes with what a file holds: as it stands there, so that later releases may know more settings."""
    sealed = {key: value for key, value in content.items() if key not in UNSEALED}
    return hashlib.sha256(json.dumps(sealed, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file, as docs/whitelist.schema.json publishes it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Whitelist.model_json_schema()}


def _sentences(wrong: ValidationError) -> Sequence[str]:
    return [
        f"{'.'.join(map(str, error['loc'])) or 'as a whole'}: {error['msg'].removeprefix('Value error, ')}"
        for error in wrong.errors(include_url=False)
    ]
