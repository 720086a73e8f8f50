"""Foolbox behind one file: what of it is used here, and any function from sound to label as a model of its kind."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from pipelines.audio import Samples

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # foolbox names a module that scipy has moved
    import eagerpy as ep
    from eagerpy.astensor import astensor_, astensors_
    from foolbox.attacks.base import MinimizationAttack, get_criterion, raise_if_kwargs, verify_input_bounds
    from foolbox.attacks.blended_noise import LinearSearchBlendedUniformNoiseAttack
    from foolbox.attacks.boundary_attack import BoundaryAttack
    from foolbox.attacks.hop_skip_jump import HopSkipJumpAttack
    from foolbox.criteria import Misclassification
    from foolbox.distances import Distance
    from foolbox.models.base import Model
    from foolbox.types import Bounds

__all__ = [
    "BoundaryAttack",
    "Bounds",
    "Distance",
    "HopSkipJumpAttack",
    "LabelModel",
    "LinearSearchBlendedUniformNoiseAttack",
    "MinimizationAttack",
    "Misclassification",
    "Model",
    "astensor_",
    "astensors_",
    "ep",
    "get_criterion",
    "raise_if_kwargs",
    "verify_input_bounds",
    "walk_from_noise",
]

BLENDS = 50  # of a clip and noise that Foolbox' attacks try before they begin to walk


class LabelModel(Model):
    """A label function as a Foolbox model: its logits are 1 for the label and 0 for the others.

    Args:
        label_of: from samples of shape (time,) to a label.
        top: largest sample, in either direction.
        classes: how many labels there are.
    """

    def __init__(self, label_of: Callable[[Samples], int], top: float = 1.0, classes: int = 3) -> None:
        self._label_of, self._top, self._classes = label_of, top, classes

    @property
    def bounds(self) -> Any:
        """Lowest and highest sample."""
        return Bounds(-self._top, self._top)

    def __call__(self, inputs: Any) -> Any:
        """Logits of shape (batch, classes) for samples of shape (batch, time)."""
        x, restore_type = astensor_(inputs)
        labels = [self._label_of(samples) for samples in x.numpy()]
        return restore_type(ep.from_numpy(x, np.eye(self._classes, dtype=np.float32)[labels]))


class _NothingBetween(Exception):  # nothing is wrong
    """A walk has nowhere left to go."""


def walk_from_noise(attack: Any, changes: Callable[[Samples], bool], samples: Samples, top: float, seed: int) -> None:
    """Run a Foolbox attack on one clip, from a blend of the clip with noise on, as it does where nobody says otherwise.

    Args:
        attack: one that walks from starting points, such as BoundaryAttack.
        changes: whether samples of shape (time,) change the label. It is asked for one sound at a time, and must
            say the same of the same sound; what it raises ends the walk.
        samples: of the clip, shape (time,).
        top: largest sample that may be sent, in either direction.
        seed: of all that is left to chance; torch's own generator is left as it was.
    """
    found = False

    def label_of(sent: Samples) -> int:
        nonlocal found
        if not np.isfinite(sent).all():
            raise _NothingBetween  # the walk has come to the clip itself, and divides by the way that is left
        changed = changes(sent)
        found = found or changed
        return int(changed)

    # HopSkipJump cuts off whatever is beyond 0 and 1, so Foolbox is shown sound on that scale.
    model = LabelModel(label_of, top, classes=2).transform_bounds((0, 1))
    clip = torch.from_numpy((samples[None] / (2 * top) + 0.5).astype(np.float32))  # (1, time)
    clean = torch.zeros(1, dtype=torch.int64)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(), contextlib.suppress(_NothingBetween):
        warnings.filterwarnings("ignore", "LinearSearchBlendedUniformNoiseAttack failed")  # no noise changed the label
        torch.manual_seed(seed)
        start = LinearSearchBlendedUniformNoiseAttack(steps=BLENDS).run(model, clip, clean)
        if found:
            attack.run(model, clip, clean, starting_points=start)
