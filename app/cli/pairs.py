"""`earwitness pairs`: make the original/noisy pairs of a study, and list them."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.opening import chosen_clips, opened, require_file, usable_clips
from app.cli.say import print_table, study_option, tell, track


@click.group(short_help="Make the original/noisy pairs, and list them.")
def pairs() -> None:
    """Make the original/noisy pairs of a study, and list them."""


@pairs.command()
@study_option
@click.option("--jobs", type=click.IntRange(1), help="Processes that make sound.  [default: one for each core]")
def make(study: Path, jobs: int | None) -> None:
    """Choose the clips, and write every pair's sound and its line in pairs/manifest.jsonl.

    Stopped half-way, the same command goes on where it was and ends with the same bytes.
    """
    from pipelines.corpora.base import Problem
    from pipelines.pairs import make_pairs
    from pipelines.plan import plan_pairs

    with opened(study) as wired:
        clips = chosen_clips(wired, usable_clips(wired))
        total = len(plan_pairs(clips, wired.study.pairs, wired.study.study.seed).pairs)
        left_out: list[Problem] = []
        making = make_pairs(
            clips,
            wired.sounds,
            wired.study.pairs,
            wired.folder.pairs,
            wired.study.study.seed,
            n_jobs=jobs or -1,  # as joblib says one for each core
            on_problem=left_out.append,
        )
        made = sum(1 for _ in track(making, "making pairs", total))
        for problem in left_out:
            tell(f"left out: {problem.sentence}")
    tell(f"{made} pairs of {len(clips)} clips in {wired.folder.pairs}. Next: earwitness serve --study {study}")


@pairs.command("list")
@study_option
def list_pairs(study: Path) -> None:
    """One row a pair: id, role, condition, clip, lengths in seconds."""
    from pipelines.manifest import FILE_NAME, read_manifest

    with opened(study) as wired:
        rows = [
            (p.pair_id, p.role, p.condition, p.clip_id, p.original_length_s, p.noisy_length_s)
            for p in read_manifest(require_file(wired.folder.pairs / FILE_NAME, "pairs make"))
        ]
    print_table(("pair_id", "role", "condition", "clip_id", "original_length_s", "noisy_length_s"), rows)
