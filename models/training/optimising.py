"""Optimisers, schedules and arithmetic by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LinearLR, LRScheduler, ReduceLROnPlateau, StepLR

from models.experiment import Training


class PrecisionNeedsGpu(ValueError):
    """Half precision was asked for where no GPU is."""

    def __init__(self, device: str) -> None:
        super().__init__(
            f"precision = '16' needs a GPU, and this runs on {device}; take '32', or 'bf16', which processors know"
        )


def make_optimiser(net: nn.Module, training: Training) -> Optimizer:
    """The optimiser of a training, over all weights that learn."""
    weights = [weight for weight in net.parameters() if weight.requires_grad]
    rate, decay, momentum = training.learning_rate, training.weight_decay, training.momentum
    match training.optimiser:
        case "rmsprop":
            # As in Keras, which the paper used; torch's own alpha of 0.99 starts with steps three times as large.
            return torch.optim.RMSprop(weights, rate, alpha=0.9, eps=1e-7, weight_decay=decay, momentum=momentum)
        case "adam":
            return torch.optim.Adam(weights, rate, weight_decay=decay)
        case "adamw":
            return torch.optim.AdamW(weights, rate, weight_decay=decay)
        case "sgd":
            return torch.optim.SGD(weights, rate, weight_decay=decay, momentum=momentum)


def make_schedule(optimiser: Optimizer, training: Training) -> LRScheduler | ReduceLROnPlateau:
    """How the learning rate goes on after each epoch."""
    factor = training.schedule_factor
    match training.schedule:
        case "constant":
            return ConstantLR(optimiser, factor=1.0)
        case "cosine":
            return CosineAnnealingLR(optimiser, T_max=training.epochs_max, eta_min=training.learning_rate * factor)
        case "linear":
            return LinearLR(optimiser, start_factor=1.0, end_factor=factor, total_iters=training.epochs_max)
        case "step":
            return StepLR(optimiser, step_size=training.schedule_epochs, gamma=factor)
        case "plateau":
            return ReduceLROnPlateau(optimiser, factor=factor, patience=training.schedule_epochs)


def advance(schedule: LRScheduler | ReduceLROnPlateau, validation_loss: float) -> None:
    """Go on by one epoch."""
    if isinstance(schedule, ReduceLROnPlateau):
        schedule.step(validation_loss)
    else:
        schedule.step()


def make_scaler(training: Training, device: str) -> torch.amp.GradScaler:
    """What keeps small gradients of half precision from vanishing; does nothing in other precisions.

    Raises:
        PrecisionNeedsGpu: half precision on a processor.
    """
    half = training.precision == "16"
    kind = torch.device(device).type
    if half and kind == "cpu":
        raise PrecisionNeedsGpu(device)
    return torch.amp.GradScaler(kind, enabled=half)


def arithmetic(training: Training, device: str) -> AbstractContextManager[object]:
    """Within this, a net works in the precision of its training."""
    if training.precision == "32":
        return nullcontext()
    return torch.autocast(torch.device(device).type, torch.bfloat16 if training.precision == "bf16" else torch.float16)


@contextmanager
def repeatable(threads: int) -> Iterator[None]:
    """Within this, the same numbers come out each time on the same machine; afterwards torch is as it was.

    Args:
        threads: that torch works with; their number changes the order of sums. 0 leaves it to torch.
    """
    before, strict, benchmark = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.cudnn.benchmark,
    )
    # cuBLAS reads this when it is first used; without it GRUs on a GPU differ from run to run.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads or before)
    torch.use_deterministic_algorithms(mode=True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(strict)
        torch.backends.cudnn.benchmark = benchmark
