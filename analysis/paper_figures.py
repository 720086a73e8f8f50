"""The ratios that the paper prints (section 5.1), to stand beside a study's own."""

from __future__ import annotations

from typing import NamedTuple


class PaperRatio(NamedTuple):
    """Share of utterances voted different by majority of three, in the paper's study; None where it prints none."""

    activation: float | None
    valence: float | None


#: By condition. The paper prints SpeedUtt(1.25x) twice; the second row is read as 0.75x. For the conditions that are
#: not here it prints no figure ("rarely affects human perception").
PAPER_RATIOS: dict[str, PaperRatio] = {
    "filler-l": PaperRatio(0.10, 0.06),
    "filler-s": PaperRatio(0.06, 0.03),
    "laugh": PaperRatio(0.16, 0.17),
    "cry": PaperRatio(0.20, 0.22),
    "speed-utterance-1.25x": PaperRatio(0.13, 0.03),
    "speed-utterance-0.75x": PaperRatio(0.28, 0.06),
    "pitch-1.25x": PaperRatio(0.22, 0.07),
    "pitch-0.75x": PaperRatio(0.29, 0.10),
}

#: Share of agreement that the paper reports; it does not say over what.
PAPER_AGREEMENT = 0.79
