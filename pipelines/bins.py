"""Low, mid and high: into which of three bins a mean rating falls."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.clip import Clip

Bin: TypeAlias = Literal["low", "mid", "high"]
BINS: tuple[Bin, ...] = ("low", "mid", "high")
Cell: TypeAlias = tuple[Bin, Bin]

RATED_FROM, RATED_TO = 1.0, 5.0


class Bins(BaseModel):
    """Where low ends and high begins, on the scale of 1 to 5, for activation and valence alike.

    The paper gives no edges. The defaults are those of its authors' earlier work on the same corpora; `low_to = 3`,
    `mid_to = 4`, `edge = "above"` is the other rule in use: 1 and 2 are low, 3 is mid, 4 and 5 are high.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    low_to: float = Field(2.75, ge=RATED_FROM, le=RATED_TO, description="ratings up to this are low")
    mid_to: float = Field(
        3.25, ge=RATED_FROM, le=RATED_TO, description="ratings from there up to this are mid, others high"
    )
    edge: Literal["below", "above"] = Field("below", description="the bin that a rating on an edge itself belongs to")

    @model_validator(mode="after")
    def _in_order(self) -> Bins:
        if self.low_to >= self.mid_to:
            raise ValueError(f"low_to is {self.low_to} and mid_to {self.mid_to}; expected low_to < mid_to")
        return self

    def bin_of(self, rating: float) -> Bin:
        """Low, mid or high, from a mean rating on 1..5.

        >>> [Bins().bin_of(rating) for rating in (1.0, 2.75, 3.0, 3.25, 3.5)]
        ['low', 'low', 'mid', 'mid', 'high']
        >>> [Bins(low_to=3, mid_to=4, edge="above").bin_of(rating) for rating in (2.5, 3.0, 3.5, 4.0)]
        ['low', 'mid', 'mid', 'high']
        """
        if self.edge == "below":
            return "low" if rating <= self.low_to else "mid" if rating <= self.mid_to else "high"
        return "low" if rating < self.low_to else "mid" if rating < self.mid_to else "high"

    def cell_of(self, clip: Clip) -> Cell | None:
        """The bins of activation and valence of a clip; None without ratings."""
        if clip.activation is None or clip.valence is None:
            return None
        return self.bin_of(clip.activation), self.bin_of(clip.valence)


#: The rule where nobody sets another.
USUAL_BINS = Bins()
