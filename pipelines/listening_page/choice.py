"""Which pairs a researcher hears before paying: a few of each condition, spread over speakers and bins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from pipelines.bins import Bins
from pipelines.clip import Pair, Role
from pipelines.conditions import CONTROLS, OBVIOUS
from pipelines.design import PairDesign
from pipelines.manifest import FILE_NAME, Header, ManifestWrong, Refusal, read_entries, read_header
from pipelines.noises.base import Noise

#: How pairs are chosen, in words for the page.
RULE = (
    "Of each condition, the pairs whose speaker and whose bins of activation and valence were shown least so far, in "
    "that condition and then on the whole page; ties are settled by the pair's id."
)
UNSAFE_IN_ID = re.compile(r"[^A-Za-z0-9_.-]")
#: What differs between reasons of one kind: numbers, and what is quoted.
PARTICULAR = re.compile(r"'[^']*'|\d+(\.\d+)?")


class NothingToHear(ValueError):
    """A manifest holds neither pairs nor refusals."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"the manifest in {folder} holds no pairs yet; `earwitness pairs make` makes them")


@dataclass(frozen=True)
class Candidate:
    """What the choice needs to know of a pair."""

    pair_id: str
    speaker: str
    cell: str


@dataclass(frozen=True)
class ConditionHeard:
    """One condition of a manifest: what became of it, and which of its pairs are heard."""

    name: str
    family: str
    noise: Noise | None
    made: Mapping[Role, int]
    refused: int
    #: The most frequent reason for refusing, in the words of one refusal, and how many refusals say that.
    reason: str | None
    reason_count: int
    pair_ids: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """The id of its heading on the page; unlike its name, nothing that a page could trip over."""
        return "condition-" + UNSAFE_IN_ID.sub("_", self.name)

    @property
    def snr_db(self) -> float | None:
        """Speech over noise in dB; None where the noise has no such ratio."""
        return self.noise.nominal_snr_db if self.noise else None

    @property
    def is_control(self) -> bool:
        """Whether it belongs to the controls and checks, which no draw deals."""
        return self.name in (*CONTROLS, OBVIOUS)


@dataclass(frozen=True)
class Heard:
    """What is heard of a study's pairs: conditions in the order of the draws (by family), controls last."""

    header: Header
    conditions: tuple[ConditionHeard, ...]
    #: Whether any of its speech is synthetic, heard here or not.
    simulated: bool

    @property
    def pair_ids(self) -> tuple[str, ...]:
        """The pairs in the order in which they are heard."""
        return tuple(pair_id for condition in self.conditions for pair_id in condition.pair_ids)


@dataclass
class _Tally:
    """What is gathered of a condition while the manifest is read."""

    family: str | None = None
    made: Counter[Role] = field(default_factory=Counter)
    candidates: list[Candidate] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    example: dict[str, str] = field(default_factory=dict)

    def add(self, entry: Pair | Refusal, bins: Bins) -> None:
        if isinstance(entry, Refusal):
            kind = PARTICULAR.sub("#", entry.reason.replace(entry.clip_id, ""))
            self.reasons[kind] += 1
            self.example.setdefault(kind, entry.reason)
            return
        self.family = entry.family
        self.made[entry.role] += 1
        self.candidates.append(Candidate(entry.pair_id, str(entry.clip.get("speaker")), cell_in_words(entry, bins)))


def cell_in_words(pair: Pair, bins: Bins) -> str:
    """The bins of a pair's original, as `high activation, low valence`; what is not rated is left out."""
    rated = ((name, pair.clip.get(name)) for name in ("activation", "valence"))
    return ", ".join(f"{bins.bin_of(rating)} {name}" for name, rating in rated if isinstance(rating, float | int))


def choose_heard(folder: Path, per_condition: int, bins: Bins) -> Heard:
    """Choose the pairs that are heard, by `RULE`; the same manifest gives the same choice.

    Args:
        folder: of the pairs.
        per_condition: how many pairs of each condition are heard, where there are as many.
        bins: the study's.

    Raises:
        FileNotFoundError: there is no manifest.
        ManifestWrong: it is broken, or changes a noise that is not installed here.
        NothingToHear: it is empty.
    """
    path = folder / FILE_NAME
    header = read_header(path)
    try:
        design = PairDesign.model_validate(header.design)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        found = f"another design than there can be ({wrong})"
        raise ManifestWrong(path, 1, found, "one that this version made") from error
    known = design.all_conditions
    tallies = {name: _Tally() for name in design.conditions}
    drawn, simulated = len(tallies), False
    for entry in read_entries(path):
        simulated = simulated or (isinstance(entry, Pair) and entry.simulated)
        tallies.setdefault(entry.condition, _Tally()).add(entry, bins)
    if not any(tally.made or tally.reasons for tally in tallies.values()):
        raise NothingToHear(folder)
    order = list(tallies)
    order[drawn:] = sorted(order[drawn:], key=lambda name: _place((*CONTROLS, OBVIOUS), name))
    shown: Counter[str] = Counter()
    heard = (_heard(name, tallies[name], known.get(name), per_condition, shown) for name in order)
    return Heard(header, tuple(_by_family(list(heard))), simulated)


def _place(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else -1


def _heard(name: str, tally: _Tally, noise: Noise | None, per_condition: int, shown: Counter[str]) -> ConditionHeard:
    kind, count = tally.reasons.most_common(1)[0] if tally.reasons else ("", 0)
    return ConditionHeard(
        name,
        tally.family or (noise.family if noise else "other"),
        noise,
        dict(tally.made),
        tally.reasons.total(),
        tally.example.get(kind),
        count,
        tuple(_spread(tally.candidates, per_condition, shown)),
    )


def _spread(candidates: Iterable[Candidate], wanted: int, shown: Counter[str]) -> Iterator[str]:
    """Ids by `RULE`; `shown` counts what the page has of each speaker and cell, and goes on counting."""
    left, here = list(candidates), Counter[str]()

    def often_shown(one: Candidate) -> tuple[int, int, str]:
        traits = (f"speaker {one.speaker}", f"cell {one.cell}")
        return sum(here[trait] for trait in traits), sum(shown[trait] for trait in traits), one.pair_id

    for _ in range(min(wanted, len(left))):
        chosen = min(left, key=often_shown)
        left.remove(chosen)
        for count in (here, shown):
            count.update((f"speaker {chosen.speaker}", f"cell {chosen.cell}"))
        yield chosen.pair_id


def _by_family(heard: Sequence[ConditionHeard]) -> Iterator[ConditionHeard]:
    """Conditions of one family side by side, families in the order of their first condition, controls at the end."""
    families = list(dict.fromkeys(one.family for one in heard if not one.is_control))
    yield from sorted((one for one in heard if not one.is_control), key=lambda one: families.index(one.family))
    yield from (one for one in heard if one.is_control)
