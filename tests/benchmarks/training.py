"""What the harness costs: python tests/benchmarks/training.py [--clips N] [--epochs N] [--device cpu].

Clips of made-up frames whose lengths are spread as those of acted dialogues (log-normal, 4.5 s on average, 0.6 to 34 s)
go through the default net. All contenders take turns, epoch after epoch, and the median of each counts:

* `bare loop`: forward, loss, backward, step, over tensors that lie ready: the harness' own batches of that epoch;
* `harness`: the same epoch with the harness: batches cut and normalised, losses gathered;
* `harness, whole`: with validation, the state on disk and early stopping, against a bare loop that validates too;
* `padded to the longest`: the bare loop, every clip padded to the longest of all;
* `padded by batch`: the bare loop, clips of any length together, padded to the longest of their batch.

Seconds on a processor are those that it worked, so other work on the machine hardly matters; on a GPU they are those
that passed, and a last line says which share of them no kernel ran.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy, pad

from models.experiment import Experiment
from models.hearing.batches import Batch, Version, batches
from models.hearing.heard import CLEAN, Heard
from models.hearing.material import Material, Source
from models.labelling import BINS, Labelling
from models.nets.base import Padded
from models.training.course import Course
from models.training.folds import Fold
from models.training.optimising import repeatable
from models.training.run import Job, Run
from pipelines.bins import USUAL_BINS
from pipelines.clip import Clip

BANDS = 40
FRAMES_A_SECOND = 100
SPEAKERS = 10


def material_of(count: int, device: str) -> Material:
    """Clips of noise as material that was heard already."""
    rng = np.random.default_rng(0)
    lengths_s = np.clip(rng.lognormal(np.log(3.8), 0.6, count), 0.6, 34)
    clips = [
        Clip(f"{n:05d}", Path("none"), f"s{n % SPEAKERS}", length_s=float(length_s))
        for n, length_s in enumerate(lengths_s)
    ]
    frames = {
        clip.clip_id: rng.standard_normal((round(clip.length_s * FRAMES_A_SECOND), BANDS), dtype=np.float32)
        for clip in clips
    }
    source = Source(clips, Experiment(labels=("activation",)), ("filterbanks",), {}, None, 0, None)
    material = source.material(device=device)
    material._heard["filterbanks", CLEAN] = Heard(frames)
    return material


def course_of(material: Material, folder: Path, device: str) -> Course:
    """One net of a run over this material: four fifths of the clips train, a fifth validates."""
    ids = [clip.clip_id for clip in material.source.clips]
    cut = len(ids) * 4 // 5
    fold = Fold(0, tuple(ids[:cut]), tuple(ids[cut:]), (), "clips")
    labelling = Labelling("activation", BINS, {clip_id: int(clip_id) % 3 for clip_id in ids})
    run = Run(
        folder=folder,
        source=material.source,
        labellings={"activation": labelling},
        folds=[fold],
        augmented={"activation": ()},
        bins=USUAL_BINS,
        data_sha256="",
        sounds_sha256={},
        command="",
        simulated=True,
    )
    return Course(run, Job("activation", 1, fold), material, device)


def own_batches(course: Course, number: int) -> list[Batch]:
    """The batches that the harness would make of an epoch."""
    rng = course.run.rng(course.job, "epoch", number)
    versions = course.run.versions(course.job, course.job.fold.train, course.material, rng)
    rng.integers(2**31)
    return list(batches(versions, course.material, course.training.batch, rng=rng, device=course.device))


def padded(course: Course, number: int, *, to_longest: bool) -> list[Batch]:
    """Batches of clips of any length."""
    rng = np.random.default_rng(number)
    order = [Version(str(clip_id)) for clip_id in rng.permutation(list(course.job.fold.train))]
    size, found = course.training.batch, []
    longest = max(len(course.material.frames("filterbanks", CLEAN, one.clip_id)) for one in order)
    for start in range(0, len(order), size):
        (batch,) = batches(order[start : start + size], course.material, size, device=course.device)
        values, lengths = batch.inputs["filterbanks"]
        missing = longest - values.shape[1] if to_longest else 0
        found.append(Batch(batch.versions, {"filterbanks": Padded(pad(values, (0, 0, 0, missing)), lengths)}))
    return found


def bare(course: Course, ready: Sequence[Batch], validation: Sequence[Batch] = ()) -> None:
    """A loop as one would write it by hand."""
    labels = [torch.tensor([course.labels[v.clip_id] for v in b.versions], device=course.device) for b in ready]
    course.net.train()
    for batch, truth in zip(ready, labels, strict=True):
        loss = cross_entropy(course.net(batch.inputs), truth, course.weights)
        course.optimiser.zero_grad()
        loss.backward()
        course.optimiser.step()
    course.net.eval()
    with torch.inference_mode():
        for batch in validation:
            course.net(batch.inputs)


def timed(work: Callable[[], object], device: str) -> float:
    """Seconds that it takes."""
    if device == "cpu":
        began = time.process_time()
        work()
        return time.process_time() - began
    torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - began


def idle_share(work: Callable[[], object]) -> float:
    """The share of the time in which no kernel of the net ran on the GPU."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as found:
        passed = timed(work, "cuda")
    busy_us = sum(event.self_device_time_total for event in found.key_averages())
    return 1 - busy_us / 1e6 / passed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    times: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as kept, repeatable(1):
        material = material_of(given.clips, given.device)
        course = course_of(material, Path(kept), given.device)
        before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        validation = list(batches(course.validation, material, 128, device=given.device))
        whole = course.go_on(Path(kept))
        bare(course, own_batches(course, 1)[:3])  # warm
        for number in range(1, given.epochs + 1):
            ready = own_batches(course, number)
            longest, mixed = (padded(course, number, to_longest=to_longest) for to_longest in (True, False))
            turns: dict[str, Callable[[], object]] = {
                "bare loop": lambda ready=ready: bare(course, ready),
                "harness": lambda number=number: course._learn(number),
                "bare loop, validating": lambda ready=ready: bare(course, ready, validation),
                "harness, whole": lambda: next(whole),
                "padded to the longest": lambda longest=longest: bare(course, longest),
                "padded by batch": lambda mixed=mixed: bare(course, mixed),
            }
            for name, work in turns.items():
                times[name].append(timed(work, given.device))
        peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        share = idle_share(lambda: course._learn(1)) if given.device != "cpu" else None
    report(times, len(course.job.fold.train), peak_kb - before_kb, share)


def report(times: dict[str, list[float]], clips: int, grown_kb: int, idle: float | None) -> None:
    """Print the table."""
    middle = {name: float(np.median(values)) for name, values in times.items()}
    print(f"{'an epoch of ' + str(clips) + ' clips':28s} {'s':>8s} {'clips/s':>8s}  against")
    peers = {"harness": "bare loop", "harness, whole": "bare loop, validating"}
    for name, seconds in middle.items():
        peer = peers.get(name, "bare loop")
        ratio = seconds / middle[peer]
        print(f"{name:28s} {seconds:8.3f} {clips / seconds:8.0f}  {ratio:.3f} x {peer}")
    print(f"length buckets are {middle['padded to the longest'] / middle['harness']:.2f} times as fast as the longest")
    print(f"memory grew by {grown_kb / 1024:.0f} MiB, batches of an epoch in all three paddings among it")
    if idle is not None:
        print(f"{idle:.0%} of an epoch no kernel ran")


if __name__ == "__main__":
    main()
