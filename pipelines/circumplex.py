"""Where a category of emotion lies in activation and valence, for corpora that have categories only.

These values are our reading of the circumplex of affect (Russell 1980), chosen so that each falls clearly into one
bin. They are a mapping, not a measurement, and every clip that has them says so (`ratings="mapped"`). Concentrating,
thinking and being unsure are states of mind rather than emotions, so they lie in or near the middle.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple


class Place(NamedTuple):
    """Activation and valence on 1..5."""

    activation: float
    valence: float


PLACE_BY_CATEGORY = MappingProxyType(
    {
        "anger": Place(4.5, 1.5),
        "boredom": Place(1.8, 2.5),
        "bothered": Place(3.5, 2.0),
        "calm": Place(1.8, 3.6),
        "concentrating": Place(3.0, 3.0),
        "contempt": Place(3.0, 1.8),
        "disgust": Place(3.0, 1.6),
        "excitement": Place(4.6, 4.4),
        "fear": Place(4.0, 1.8),
        "frustration": Place(3.7, 1.9),
        "happiness": Place(4.2, 4.5),
        "neutral": Place(3.0, 3.0),
        "sadness": Place(1.6, 1.7),
        "surprise": Place(4.3, 3.0),
        "pleasant surprise": Place(4.3, 4.2),
        "thinking": Place(3.0, 3.0),
        "unsure": Place(3.0, 2.4),
    }
)
