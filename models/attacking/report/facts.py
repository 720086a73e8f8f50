"""What a reader must know of an attack beside its questions, and the sentences that stand below its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from analysis.tables import listed
from analysis.whitelist import Whitelist
from models.attacking.asked import Setting
from models.attacking.design import AttackDesign
from models.attacking.rates import BOTH
from models.measures.resampling import USUAL, Resampling

NOTHING: Mapping[str, str] = MappingProxyType({})
LEVEL = 0.05  # of adjusted p that is called significant


@dataclass(frozen=True)
class Facts:
    """What every page of an attack says of itself."""

    corpus: str
    net: str  # what kind of net
    command: str  # what to type to make it again
    design: AttackDesign
    seed: int
    classes: Mapping[str, tuple[str, ...]]  # names of the classes, by label
    whitelist: Whitelist | None = None
    settings: tuple[Setting, ...] = ()  # that were run
    data_sha256: str = ""
    versions: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    speech_simulated: bool = False
    mapped: bool = False  # ratings were mapped from categories
    #: What could not be run and why, and whatever else figures rest on, as sentences.
    notes: tuple[str, ...] = ()
    #: What attacks on the waveform need before they can find anything, by attack, as sentences.
    needs: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    resampling: Resampling = USUAL

    @property
    def goal_db(self) -> float:
        """The SNR above which a success counts."""
        return self.design.success_above_snr_db

    @property
    def k(self) -> int:
        """The largest budget."""
        return max(self.design.queries)

    @property
    def label(self) -> str:
        """The label of the figures on top: over all labels, where there are several."""
        return BOTH if len(self.classes) > 1 else next(iter(self.classes))

    @property
    def labels(self) -> tuple[str, ...]:
        """The label on top, then each alone."""
        return (self.label, *(one for one in self.classes if one != self.label))

    @property
    def made_up(self) -> str:
        """What is simulated, in words; empty where nothing is."""
        parts = {"speech": self.speech_simulated, "listeners": bool(self.whitelist and self.whitelist.simulated)}
        return " and ".join(name for name, flag in parts.items() if flag)

    def name_of(self, label: str) -> str:
        """A label in words: all of them, where it stands for all.

        >>> from models.attacking.design import AttackDesign
        >>> classes = {"activation": ("low", "high"), "valence": ("low", "high")}
        >>> Facts("c", "crnn", "", AttackDesign(), 1, classes).name_of("both")
        'activation and valence'
        """
        return listed(list(self.classes)) if label == BOTH else label

    def class_name(self, label: str, number: int) -> str:
        """The name of a class; its number where it has none."""
        names = self.classes.get(label, ())
        return names[number] if 0 <= number < len(names) else str(number)


def notes_of(facts: Facts) -> tuple[str, ...]:
    """The sentences below the figures of an attack: how they were taken, what they rest on."""
    kept = f"{facts.goal_db:g} dB"
    made_up = facts.made_up
    return (
        *facts.notes,
        "Success: the label is another than for the clean clip, within k questions, and speech stands more than "
        f"{kept} above what was added, in the samples that were sent. Speed, pitch, reverb and the like have no SNR: "
        "such single moves succeed by a changed label alone.",
        "P_IF is the mean over a speaker's clips (draws and seeds inside), then over speakers (the paper's section "
        "5.6). Clips that a net gets wrong when they are clean are not attacked.",
        f"Limits: {100 * facts.resampling.confidence:g} %, by t from {facts.resampling.draws:,} resamples of speakers; "
        "a dash where all speakers are alike, since then nothing varies. Speakers whom one net hears share its luck, "
        "which these limits do not know.",
        f"Significant: adjusted p < {LEVEL:g} in a paired t-test over speakers, adjusted by Holm over the tests of a "
        "kind in one table (all budgets; Corr and Eval each alone).",
        *(
            ["Ratings: where clips have no ratings of activation and valence, the categories' centres stand in."]
            if facts.mapped
            else []
        ),
        *([f"Simulated: {made_up} made up, so these figures say nothing about people."] if made_up else []),
        _whitelist(facts.whitelist),
        f"Corpus: {facts.corpus}; net: {facts.net}; seed {facts.seed}"
        + (f"; data SHA-256 {facts.data_sha256}." if facts.data_sha256 else "."),
    )


def _whitelist(whitelist: Whitelist | None) -> str:
    if whitelist is None:
        return "No whitelist: nobody knows under which of these noises people hear another emotion than the label."
    source = "certified" if whitelist.kind == "certified" else "reported, not certified: somebody printed its verdicts"
    made_up = "; its listeners are simulated and say nothing about people" if whitelist.simulated else ""
    return f"Whitelist: of the study {whitelist.study!r}, {source}{made_up}; seal {whitelist.seal[:12]}."
