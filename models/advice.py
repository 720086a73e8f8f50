"""What the paper advises, and how measured tables bear each piece of advice out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from analysis.tables import listed
from analysis.verdicts import Verdict
from models.arms import ENVIRONMENT
from models.measures.measured import Difference, adjusted
from models.predictions import CLEAN
from models.results import Asked, Results
from models.tables.cells import LEVEL, limits_cell, signed
from models.tables.paper import in_order, row_name
from models.tables.ways import Way, cross_ways, mean_gain

Said: TypeAlias = Literal["holds here", "does not hold here", "can't be told"]
HOLDS: Final = "holds here"
FAILS: Final = "does not hold here"
UNTOLD: Final = "can't be told"
MARGIN: Final = 0.05  # of UAR: less is called as on clean, more is called far from clean
FADES_AND_DROPS = ("fade-in", "fade-out", "drop-words", "drop-letters", "speed-segment")
UNSAFE_BY_PAPER = ("speed-utterance-1.25x", "speed-utterance-0.75x", "filler-l", "laugh", "cry")
WITHIN_5_PERCENT = ("speed-utterance-1.05x", "speed-utterance-0.95x")


@dataclass(frozen=True)
class Part:
    """One thing that a recommendation says, and what is found of it."""

    verdict: Said
    fact: str


@dataclass(frozen=True)
class Finding:
    """What is found of a recommendation."""

    parts: tuple[Part, ...]
    differences: Mapping[tuple[str, str], Difference] = field(default_factory=dict)  # by label and what it is

    @property
    def verdict(self) -> Said:
        """Refuted by any part; else it holds if all parts do."""
        said = {part.verdict for part in self.parts}
        if FAILS in said:
            return FAILS
        return HOLDS if said == {HOLDS} else UNTOLD


class Evidence:
    """Measured tables and the whitelist, asked in the words of recommendations."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.nothing, self.augment, self.denoise, self.both = cross_ways(results.ground)
        self.told: dict[tuple[str, str], Difference] = {}

    def tested(self, keep: Callable[[str], bool]) -> list[str]:
        """The conditions that were tested and are meant."""
        return [name for name in in_order(self.results.ground.tested) if keep(name)]

    def environmental(self, name: str) -> bool:
        """Whether it is background of nature, people or indoors."""
        return self.results.ground.conditions[name].family in ENVIRONMENT

    def people(self, names: Sequence[str], wanted: Verdict, what: str) -> Part:
        """Whether people, by the whitelist, found of all these conditions what is wanted."""
        whitelist = self.results.ground.whitelist
        if whitelist is None:
            return Part(UNTOLD, f"Whether {what} is {wanted} takes a whitelist; `earwitness certify` writes one.")
        verdicts = {verdict.condition: verdict.decision for verdict in whitelist.conditions}
        found = {name: verdicts[name] for name in names if name in verdicts}
        if not found:
            return Part(UNTOLD, f"Nobody judged {what}.")
        said = "; ".join(
            f"{word}: {listed([row_name(name) for name, one in found.items() if one == word])}"
            for word in dict.fromkeys(found.values())
        )
        source = {True: " (simulated listeners)", False: ""}[whitelist.simulated]
        source += " (reported, not certified)" if whitelist.kind == "reported" else ""
        opposite = "UNSAFE" if wanted == "SAFE" else "SAFE"
        verdict: Said = FAILS if opposite in found.values() else HOLDS if set(found.values()) == {wanted} else UNTOLD
        return Part(verdict, f"Of {what} people say{source}: {said}.")

    def gain(self, label: str, way: Way, conditions: Sequence[str]) -> Difference | None:
        """The mean gain of a way over nets trained on clean; kept among the figures."""
        return self._kept(
            label, f"{way.name} less nothing", mean_gain(self.results, label, way, self.nothing, conditions)
        )

    def left(self, label: str, way: Way, conditions: Sequence[str]) -> Difference | None:
        """What is still lost: UAR in noise less that of nets trained on clean, on clean."""
        pairs = [(one, clean) for name in conditions for one in way.asked(name)[:1] for clean in self._clean()]
        return self._kept(label, f"{way.name} less clean", self.results.mean_difference(label, pairs))

    def _clean(self) -> list[Asked]:
        return self.nothing.asked(CLEAN)[:1]

    def _kept(self, label: str, what: str, one: Difference | None) -> Difference | None:
        if one is not None:
            self.told[label, what] = one
        return one


@dataclass(frozen=True)
class Advice:
    """A recommendation of the paper."""

    name: str
    text: str
    parts: Callable[[Evidence], list[Part]]

    def judge(self, evidence: Evidence) -> Finding:
        """What is found of it, with the figures it rests on."""
        evidence.told = {}
        parts = tuple(self.parts(evidence))
        return Finding(parts, dict(evidence.told))


def _figure(what: str, one: Difference) -> str:
    return f"{what}: {signed(one.value)} ({limits_cell(one.lower, one.upper)}; p {one.p:.2g}, {one.clips:,} clips)."


def _side(one: Difference, line: float) -> int:
    """1 above a line, -1 below it, 0 where that can't be told: by the limits, and at 0 by p too."""
    if one.lower is None or one.upper is None or (line == 0 and one.p_adjusted >= LEVEL):
        return 0
    return int(one.lower > line) - int(one.upper < line)


def _sided(one: Difference | None, what: str, line: float, wanted: Literal[1, -1]) -> Part:
    """Whether a difference lies on the wanted side of a line."""
    if one is None:
        return Part(UNTOLD, f"{what}: not measured.")
    side = _side(one, line)
    verdict: Said = UNTOLD if side == 0 else HOLDS if side == wanted else FAILS
    return Part(verdict, _figure(what, one) + (" Either may be true." if side == 0 else ""))


def _environment(evidence: Evidence) -> list[Part]:
    """Safe, and at least one way of using it helps."""
    conditions = evidence.tested(evidence.environmental)
    meant = [name for name in evidence.results.ground.noises if evidence.environmental(name)]
    parts = [evidence.people(meant, "SAFE", "environmental noise")]
    if not conditions:
        return [*parts, Part(UNTOLD, "No environmental noise was tested.")]
    for label in evidence.results.labels:
        ways = (evidence.augment, evidence.denoise, evidence.both)
        gains = [(way, evidence.gain(label, way, conditions)) for way in ways]
        parts.append(_any_helps(label, {way.name: one for way, one in gains if one}, len(conditions)))
    return parts


def _any_helps(label: str, gains: Mapping[str, Difference], conditions: int) -> Part:
    """Whether one of three ways helps; p is adjusted for having several. All three have to fail to refute it."""
    what = f"Mean gain in {label} over {conditions} environmental noises"
    if not gains:
        return Part(UNTOLD, f"{what}: not measured.")
    found = dict(zip(gains, adjusted(list(gains.values())), strict=True))
    sides = {_side(one, 0) for one in found.values()}
    verdict: Said = HOLDS if 1 in sides else FAILS if sides == {-1} and len(found) == 3 else UNTOLD
    return Part(verdict, " ".join(_figure(f"{what} by {name!r}", one) for name, one in found.items()))


def _fades(evidence: Evidence) -> list[Part]:
    """Safe, and no better for denoising."""
    conditions = evidence.tested(lambda name: name in FADES_AND_DROPS)
    what = "fades, dropped words and letters, and short speed-ups"
    parts = [evidence.people(FADES_AND_DROPS, "SAFE", what)]
    for label in evidence.results.labels:
        gain = evidence.gain(label, evidence.denoise, conditions) if conditions else None
        parts.append(_sided(gain, f"Mean gain in {label} by denoising them", 0, -1))
    return parts


def _unsafe(evidence: Evidence) -> list[Part]:
    """Whole-utterance speed, pauses, and sounds that carry emotion; what people said is all there is."""
    return [
        evidence.people(UNSAFE_BY_PAPER[:2], "UNSAFE", "the speed of whole utterances by 25 %"),
        evidence.people(WITHIN_5_PERCENT, "SAFE", "the speed of whole utterances by 5 %"),
        evidence.people(UNSAFE_BY_PAPER[2:3], "UNSAFE", "an inserted pause with a filler"),
        evidence.people(UNSAFE_BY_PAPER[3:], "UNSAFE", "laughing and crying beside speech"),
    ]


def _starts(evidence: Evidence) -> list[Part]:
    """Gained by other noises at the start, and as on clean then."""
    conditions = evidence.tested(lambda name: evidence.environmental(name) and name.endswith("-st"))
    parts = []
    for label in evidence.results.labels:
        gain = evidence.gain(label, evidence.augment, conditions) if conditions else None
        left = evidence.left(label, evidence.augment, conditions) if conditions else None
        parts.append(_sided(gain, f"Mean gain in {label} by other noises at the start", 0, 1))
        parts.append(_sided(left, f"What noisy starts then still cost in {label}", -MARGIN, 1))
    return [*parts, Part(UNTOLD, "Noisy ends: no condition of the study has its noise at the end.")]


def _reverberation(evidence: Evidence) -> list[Part]:
    """Far from clean whatever is done."""
    if "reverb" not in evidence.results.ground.tested:
        return [Part(UNTOLD, "Reverberation was not tested; it is not whitelisted, or not among the conditions.")]
    parts = []
    for label in evidence.results.labels:
        ways = (evidence.nothing, evidence.augment, evidence.denoise, evidence.both)
        left = [(way, evidence.left(label, way, ["reverb"])) for way in ways]
        parts.append(_none_helps(label, {way.name: one for way, one in left if one}))
    return parts


def _none_helps(label: str, left: Mapping[str, Difference]) -> Part:
    """Whether all four ways stay far from clean; one that is as on clean refutes it."""
    what = f"What reverberation costs in {label}"
    if not left:
        return Part(UNTOLD, f"{what}: not measured.")
    sides = {_side(one, -MARGIN) for one in left.values()}
    verdict: Said = FAILS if 1 in sides else HOLDS if sides == {-1} and len(left) == 4 else UNTOLD
    return Part(verdict, " ".join(_figure(f"{what} with {name!r}", one) for name, one in left.items()))


ADVICE = (
    Advice(
        "Environmental noise",
        "Environmental noise can be added to training, by augmentation, denoising or both, to do better in varied "
        "noise.",
        _environment,
    ),
    Advice(
        "Fades, drops, short speed-ups",
        "Fading, dropping letters or words, and speeding up at most a quarter of a clip are good to augment with, and "
        "should not be passed through a denoiser.",
        _fades,
    ),
    Advice(
        "What changes emotion",
        "Do not change the speed of whole utterances by more than 5 %, insert pauses, or add sounds that carry "
        "emotion.",
        _unsafe,
    ),
    Advice(
        "Noisy starts and ends",
        "Noisy starts and ends are handled by augmentation: there is no issue for a deployed system.",
        _starts,
    ),
    Advice(
        "Reverberation",
        "Reverberation is hard even for augmented nets: remove it, or call such clips low in confidence.",
        _reverberation,
    ),
)
