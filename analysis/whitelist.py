"""Whitelist: the noise conditions under which people hear the same emotion, as a file that can be cited and checked."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from analysis.aggregators.base import Aggregator
from analysis.agreement import Agreement, agreements
from analysis.certify import Decision, DimensionDecision, Verdict, certify_judgments, decide_dimension, overall
from analysis.judgments_file import kept_out_note, sift
from analysis.rule import DecisionRule
from analysis.votes import counted
from pipelines.whole_file import write_whole

FORMAT: Final = "earwitness-whitelist"
VERSION: Final = 1
#: Limits are compared after a round trip through JSON and perhaps another release of SciPy.
TOLERANCE = 1e-6

Share = Annotated[float, Field(ge=0, le=1)]


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
            f"judgments from people, or force its use where that does not matter, as in a demo"
        )


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DimensionRatio(_Frozen):
    """What was counted in one dimension of a condition; limits as in `analysis.certify.DimensionDecision`."""

    votes: int = Field(ge=0)
    different: int = Field(ge=0)
    ratio: Share | None
    lower: Share | None
    upper: Share | None
    decision: Verdict


class ConditionAgreement(_Frozen):
    """How far workers agree whether anything differs under a condition; None where a figure is undefined."""

    unanimous: Share | None
    pairwise: Share | None
    alpha: float | None


class ConditionVerdict(_Frozen):
    """The verdict on one condition and what it rests on."""

    condition: str = Field(min_length=1)
    family: str = Field(min_length=1)
    snr_db: float | None
    decision: Verdict
    reason: str
    pairs: int = Field(ge=0)
    votes: int = Field(ge=0)
    activation: DimensionRatio
    valence: DimensionRatio
    agreement: ConditionAgreement


class BankPlace(_Frozen):
    """A sound bank that a study's noises drew from: the name of its reader, and its root folder there."""

    name: str = Field(min_length=1)
    path: str = Field(min_length=1)


class Whitelist(_Frozen):
    """The verdicts of a study, with everything that is needed to derive them again and to apply them."""

    format: Literal["earwitness-whitelist"] = FORMAT
    version: Literal[1] = VERSION
    created_at: AwareDatetime
    study: str = Field(min_length=1)
    seed: int
    rule: DecisionRule
    aggregator: str = "majority-vote"  # how votes became labels
    judgments_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    judgments: int = Field(ge=0)  # all rows of the file
    pairs: int = Field(ge=0)  # with at least one study judgment that counts
    workers: int = Field(ge=0)  # of those judgments
    simulated: bool
    earwitness: str
    notes: tuple[str, ...]
    #: Settings of conditions that differ from the usual, as in `[pairs] noises` of study.toml.
    noises: Mapping[str, Mapping[str, JsonValue]] = Field(default_factory=dict)
    sounds: tuple[BankPlace, ...] = ()
    conditions: tuple[ConditionVerdict, ...]

    @model_validator(mode="after")
    def _follows_from_its_counts(self) -> Self:
        names = [verdict.condition for verdict in self.conditions]
        if len(set(names)) != len(names):
            raise ValueError("a condition stands in it twice")
        if sum(verdict.pairs for verdict in self.conditions) != self.pairs:
            raise ValueError(f"its conditions' pairs do not add up to {self.pairs}")
        for verdict in self.conditions:
            _check(verdict, self.rule)
        return self

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

        A level that was judged speaks for itself (every condition of the family at that level has to be SAFE).
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
        if judged.get(snr_db) in ("SAFE", "UNSAFE"):
            return judged[snr_db] == "SAFE"
        safe_below = [level for level, found in judged.items() if found == "SAFE" and level <= snr_db]
        unsafe = [level for level, found in judged.items() if found == "UNSAFE"]
        return bool(safe_below) and not any(level >= max(safe_below) for level in unsafe)

    def verify(self, judgments_path: Path) -> None:
        """Check that this whitelist rests on these judgments, byte for byte.

        Raises:
            OtherJudgments: the file has another hash.
        """
        found = sha256_of(judgments_path)
        if found != self.judgments_sha256:
            raise OtherJudgments(judgments_path, found, self.judgments_sha256)

    def require_real(self, force: bool = False) -> None:
        """Refuse verdicts of simulated listeners wherever they could be taken for people's.

        Raises:
            SimulatedWhitelist: they are simulated, and nobody insists.
        """
        if self.simulated and not force:
            raise SimulatedWhitelist(self.study)

    def save(self, path: Path) -> None:
        """Write the whitelist as JSON; the file appears whole or not at all."""
        write_whole(path, json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")


def load(path: Path | str) -> Whitelist:
    """Read a whitelist and check that its verdicts follow from its counts.

    Raises:
        FileNotFoundError: there is no such file.
        WhitelistRefused: not JSON, another format or version, values out of range, or verdicts, ratios and limits
            that its own counts and rule do not give.
    """
    path = Path(path)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as broken:
        raise WhitelistRefused(path, f"it is not JSON ({broken})") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise WhitelistRefused(path, f"it does not say that its format is {FORMAT!r}")
    if found.get("version") != VERSION:
        raise WhitelistRefused(path, f"it has version {found.get('version')!r}; this release reads version {VERSION}")
    try:
        return Whitelist.model_validate(found)
    except ValidationError as wrong:
        raise WhitelistRefused(path, "; ".join(_sentences(wrong))) from None


def build(
    judgments_path: Path,
    *,
    study: str,
    seed: int,
    rule: DecisionRule,
    aggregator: Aggregator,
    created_at: datetime,
    noises: Mapping[str, Mapping[str, JsonValue]] | None = None,
    sounds: Sequence[BankPlace] = (),
    pairs: Collection[str] | None = None,
) -> Whitelist:
    """Derive the whitelist of a judgments file; the same file gives the same content, `created_at` apart.

    Args:
        judgments_path: judgments.csv.
        study: the study's name.
        seed: the study's seed, as a record of it.
        rule: when a condition is safe.
        aggregator: how votes become labels.
        created_at: when; with its zone.
        noises: settings of conditions that the pairs were made with, where they differ from the usual.
        sounds: the banks that they drew from.
        pairs: the ids of all pairs of the study, where they are known: judgments of others are kept out.

    Raises:
        JudgmentsRefused: the file is wrong as a whole; rows that are wrong are kept out, and a note says how many.
    """
    sifted = sift(judgments_path, pairs)
    judgments = sifted.judgments
    certified = certify_judgments(judgments, rule, aggregator)
    agreed = {row.condition: row for row in agreements(judgments, by_condition=True) if row.question == "either"}
    used = counted(judgments)
    return Whitelist(
        created_at=created_at,
        study=study,
        seed=seed,
        rule=rule,
        aggregator=aggregator.name,
        judgments_sha256=sha256_of(judgments_path),
        judgments=len(judgments),
        pairs=int(used["pair_id"].nunique()),
        workers=int(used["worker"].nunique()),
        simulated=bool(judgments["simulated"].any()),
        earwitness=_release(),
        notes=(*certified.notes, *kept_out_note(sifted)),
        noises=noises or {},
        sounds=tuple(sounds),
        conditions=tuple(_verdict(decision, agreed.get(decision.condition)) for decision in certified.decisions),
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verdict(decision: Decision, agreed: Agreement | None) -> ConditionVerdict:
    parts = {part.dimension: part for part in (decision.activation, decision.valence)}
    return ConditionVerdict(
        condition=decision.condition,
        family=decision.family,
        snr_db=decision.snr_db,
        decision=decision.decision,
        reason=decision.reason,
        pairs=decision.activation.pairs,
        votes=decision.activation.votes,
        activation=_dimension(parts["activation"]),
        valence=_dimension(parts["valence"]),
        agreement=ConditionAgreement(
            unanimous=agreed.unanimous if agreed else None,
            pairwise=agreed.pairwise if agreed else None,
            alpha=agreed.alpha if agreed else None,
        ),
    )


def _dimension(part: DimensionDecision) -> DimensionRatio:
    return DimensionRatio(
        votes=part.votes,
        different=part.different,
        ratio=part.ratio,
        lower=part.lower,
        upper=part.upper,
        decision=part.decision,
    )


def _check(verdict: ConditionVerdict, rule: DecisionRule) -> None:
    """Refuse what its own counts do not give: somebody changed the file."""
    for dimension, found in (("activation", verdict.activation), ("valence", verdict.valence)):
        where = f"{verdict.condition}, {dimension}"
        if found.different > verdict.pairs:
            raise ValueError(f"{where}: {found.different} different of {verdict.pairs} pairs")
        due = decide_dimension("activation", verdict.pairs, found.votes, found.different, rule)
        for name in ("ratio", "lower", "upper"):
            if not _near(getattr(found, name), getattr(due, name)):
                raise ValueError(
                    f"{where}: {name} is {getattr(found, name)}, but {found.different} different of "
                    f"{verdict.pairs} pairs give {getattr(due, name)}"
                )
        if found.decision != due.decision:
            raise ValueError(f"{where}: it says {found.decision}, but its counts and rule give {due.decision}")
    due_overall = overall([verdict.activation.decision, verdict.valence.decision])
    if verdict.decision != due_overall:
        raise ValueError(f"{verdict.condition}: it says {verdict.decision}, but its dimensions give {due_overall}")


def stem(condition: str) -> str:
    """A condition's name without the level at its end: `nat-co` of `nat-co-10db`."""
    return re.sub(r"-{1,2}[0-9.]+db$", "", condition)


def _near(found: float | None, due: float | None) -> bool:
    if found is None or due is None:
        return found is due
    return math.isclose(found, due, abs_tol=TOLERANCE)


def _sentences(wrong: ValidationError) -> Sequence[str]:
    return [
        f"{'.'.join(map(str, error['loc'])) or 'as a whole'}: {error['msg'].removeprefix('Value error, ')}"
        for error in wrong.errors(include_url=False)
    ]


def _release() -> str:
    try:
        return version("earwitness")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
