"""`earwitness experiment`: the paper's tables on any corpus, one command each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.opening import labelled_clips, opened
from app.cli.run_options import (
    experiment_of,
    experiment_option,
    force_option,
    machine_of,
    machine_options,
    whitelist_of,
    whitelist_option,
)
from app.cli.say import command_line, progress_bar, study_option, tell

if TYPE_CHECKING:
    from app.wiring import Wired
    from models.comparison import Bench


@click.command(short_help="The paper's tables: noise, augmentation, denoising, what the whitelist is worth.")
@click.argument("names", nargs=-1)
@study_option
@experiment_option
@whitelist_option
@click.option("--all", "every", is_flag=True, help="Conditions that are not SAFE too.")
@click.option("--seeds", type=click.IntRange(1, 100), help="So many seeds instead of the experiment's.")
@click.option("--denoiser", default="rnnoise", show_default=True, help="Of tables that show a single denoiser.")
@machine_options
@force_option
def experiment(
    names: tuple[str, ...],
    study: Path,
    experiment_file: Path | None,
    whitelist_file: Path | None,
    every: bool,
    seeds: int | None,
    denoiser: str,
    device: str,
    jobs: int | None,
    dask: str | None,
    force: bool,
) -> None:
    """Train and test all that the tables NAMES compare, and write them as a page, as Markdown and as CSV.

    Without a name, the tables that can be made are listed. Stopped half-way, the same command goes on in the very
    epoch; tables share the nets that they have in common.
    """
    from dataclasses import replace

    from models.comparison import layout_names, questions

    if not names:
        for name, question in questions().items():
            click.echo(f"{name}: {question}")
        return
    unknown = [name for name in names if name not in layout_names()]
    if unknown:
        raise click.BadParameter(
            f"found {', '.join(unknown)}; expected some of {', '.join(layout_names())}", param_hint="NAMES"
        )
    with opened(study) as wired:
        bench = bench_of(wired, experiment_file, seeds)
        whitelist = None if every else whitelist_of(wired, force=force, path=whitelist_file)
        bench = replace(bench, whitelist=whitelist, denoiser=denoiser, machine=machine_of(device, jobs, dask))
        page = _make(names, bench, wired.folder.tables / "-".join(names))
    tell(f"{page} is written")


def bench_of(wired: Wired, experiment_file: Path | None, seeds: int | None) -> Bench:
    """What the tables are made on."""
    from models.comparison import Bench

    base = experiment_of(wired, experiment_file)
    if seeds:
        base = base.model_copy(update={"seeds": tuple(range(1, seeds + 1))})
    clips = labelled_clips(wired, base.labels, aloud=True)
    return Bench(
        clips=clips,
        base=base,
        conditions=wired.study.pairs.judged,
        sounds=wired.sounds(clips),
        runs=wired.folder.runs,
        corpus=wired.study.corpus.name,
        seed=wired.study.study.seed,
        command=command_line(),
        cache=wired.folder.cache,
        bins=wired.study.bins,
        simulated=wired.study.study.simulated,
    )


def _make(names: tuple[str, ...], bench: Bench, folder: Path) -> Path:
    """Make the tables one after another; the page has all of them."""
    from models.comparison import compare, write_comparison

    made = {}
    for name in names:
        events = compare(name, bench)
        first = next(events)
        with progress_bar(f"{name} (epochs and conditions)", first.total) as step:
            for event in events:
                step(event.done)
                if event.results is not None and event.section is not None:
                    made[name] = (event.section, event.results)
    return write_comparison(made, folder)
