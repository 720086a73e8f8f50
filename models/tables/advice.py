"""What the paper advises (its section 6), and by which questions to tables it is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analysis.tables import many
from models.tables.evidence import MARGIN, UNTOLD, Evidence, Finding, Part, Question, finding

FADES_AND_DROPS = ("fade-in", "fade-out", "drop-words", "drop-letters", "speed-segment")
UNSAFE_BY_PAPER = ("speed-utterance-1.25x", "speed-utterance-0.75x", "filler-l", "laugh", "cry")
WITHIN_5_PERCENT = ("speed-utterance-1.05x", "speed-utterance-0.95x")


@dataclass(frozen=True)
class Advice:
    """A recommendation of the paper."""

    name: str
    text: str
    parts: Callable[[Evidence], list[Part | Question]]

    def judge(self, evidence: Evidence) -> Finding:
        """What is found of it, with the figures it rests on."""
        return finding(self.parts(evidence))


def _environment(evidence: Evidence) -> list[Part | Question]:
    """Safe, and nets that hear it in training, denoised or not, do better."""
    meant = [name for name in evidence.results.ground.noises if evidence.environmental(name)]
    parts: list[Part | Question] = [evidence.people(meant, "SAFE", "environmental noise")]
    for label in evidence.results.labels:
        conditions = evidence.tested(label, evidence.environmental)
        if not conditions:
            parts.append(Part(UNTOLD, f"No environmental noise was tested in {label}."))
            continue
        what = f"Mean gain in {label} over {many(len(conditions), 'environmental noise')}"
        heard = evidence.gain(label, evidence.augment, conditions) | evidence.gain(label, evidence.both, conditions)
        parts.append(Question(label, what, heard, 1, "one"))
        parts.append(Question(label, what, evidence.gain(label, evidence.denoise, conditions), 1, beside=True))
    return parts


def _fades(evidence: Evidence) -> list[Part | Question]:
    """Safe, no worse for augmenting, and worse for denoising, with and without."""
    what = "fades, dropped words and letters, and short speed-ups"
    parts: list[Part | Question] = [evidence.people(FADES_AND_DROPS, "SAFE", what)]
    for label in evidence.results.labels:
        conditions = evidence.tested(label, lambda name: name in FADES_AND_DROPS)
        over = f"over {many(len(conditions), 'of them', 'of them')}"
        heard = evidence.gain(label, evidence.augment, conditions, line=-MARGIN)
        parts.append(Question(label, f"Mean gain in {label} by augmenting, {over}", heard, 1))
        denoised = evidence.gain(label, evidence.denoise, conditions)
        denoised |= evidence.gain(label, evidence.both, conditions, over=evidence.augment)
        parts.append(Question(label, f"Mean gain in {label} by denoising, {over}", denoised, -1))
    return parts


def _unsafe(evidence: Evidence) -> list[Part | Question]:
    """Whole-utterance speed, pauses, and sounds that carry emotion; what people said is all there is."""
    return [
        evidence.people(UNSAFE_BY_PAPER[:2], "UNSAFE", "the speed of whole utterances by 25 %"),
        evidence.people(WITHIN_5_PERCENT, "SAFE", "the speed of whole utterances by 5 %"),
        evidence.people(UNSAFE_BY_PAPER[2:3], "UNSAFE", "an inserted pause with a filler"),
        evidence.people(UNSAFE_BY_PAPER[3:], "UNSAFE", "laughing and crying beside speech"),
    ]


def _starts(evidence: Evidence) -> list[Part | Question]:
    """Gained by other noises at the start, and as on clean then."""
    parts: list[Part | Question] = []
    for label in evidence.results.labels:
        conditions = evidence.tested(label, lambda name: evidence.environmental(name) and name.endswith("-st"))
        gain = evidence.gain(label, evidence.augment, conditions)
        left = evidence.left(label, evidence.augment, conditions)
        parts.append(Question(label, f"Mean gain in {label} by other noises at the start", gain, 1))
        parts.append(Question(label, f"What noisy starts then still cost in {label}", left, 1))
    return [*parts, Part(UNTOLD, "Noisy ends: no condition of the study has its noise at the end.")]


def _reverberation(evidence: Evidence) -> list[Part | Question]:
    """Far from clean without denoising, augmented or not; what denoising does stands beside."""
    ground = evidence.results.ground
    if "reverb" not in ground.crossed:
        return [Part(UNTOLD, "Reverberation was not tested; it is not among the conditions.")]
    sure = "" if "reverb" in ground.tested else " (not whitelisted, so labels are not sure)"
    parts: list[Part | Question] = []
    for label in evidence.results.labels:
        what = f"What reverberation costs in {label}{sure}"
        as_it_is = evidence.left(label, evidence.nothing, ["reverb"]) | evidence.left(
            label, evidence.augment, ["reverb"]
        )
        cleaned = evidence.left(label, evidence.denoise, ["reverb"]) | evidence.left(label, evidence.both, ["reverb"])
        parts.append(Question(label, what, as_it_is, -1))
        parts.append(Question(label, f"{what} when it is denoised", cleaned, 1, beside=True))
    return parts


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
