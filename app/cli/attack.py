"""`earwitness attack`: how easily noise that people do not mind fools recognisers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.experiment import bench_of
from app.cli.opening import labelled_clips, opened
from app.cli.run_options import (
    experiment_option,
    force_option,
    labels_of_run,
    machine_of,
    machine_options,
    run_folder,
    run_option,
    whitelist_of,
    whitelist_option,
)
from app.cli.say import command_line, print_table, progress_bar, study_option, tell

if TYPE_CHECKING:
    from app.wiring import Wired
    from models.attacking.attack import AttackEvent, AttackResult
    from models.attacking.ground import AttackGround
    from models.attacking.report.results import Results
    from models.comparison import Bench
    from models.labelling import LabelName

#: Attacks on the waveform itself, which no whitelist speaks of.
PEERS = ("boundary", "hop-skip-jump", "art-boundary")


@click.command(short_help="Fool recognisers with noise that people do not mind.")
@study_option
@run_option
@click.option(
    "--nets",
    "ways",
    metavar="NAMES",
    help="Instead of a run: nets trained in these ways, with commas between: clean, everything, whitelist, or behind "
    "a denoiser by its name. Training leaves half of the recordings of noise to the attacker.",
)
@click.option("--table", is_flag=True, help="Hold the nets of --nets against each other in one table.")
@click.option(
    "--peers", is_flag=True, help="Attack the waveform too, as Foolbox and ART do, with and without a budget."
)
@click.option(
    "--endpoint",
    "endpoint_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Instead of a run: TOML file that says which web address recognises --label; --run names the folder.",
)
@click.option("--label", default="activation", show_default=True, help="What --endpoint recognises.")
@experiment_option
@whitelist_option
@machine_options
@force_option
def attack(
    study: Path,
    run_name: str,
    ways: str | None,
    table: bool,
    peers: bool,
    endpoint_file: Path | None,
    label: str,
    experiment_file: Path | None,
    whitelist_file: Path | None,
    device: str,
    jobs: int | None,
    dask: str | None,
    force: bool,
) -> None:
    """Attack nets by their decisions alone, with k questions a clip, and write pages of what was found.

    The attacker mixes in sounds and looks for the smallest loss of SNR that changes the label. Every success is also
    judged by the whitelist: did people hear the same emotion? Stopped half-way, the same command goes on with the next
    setting. attack.html has the table of the paper, listening.html the clips that fooled a net.
    """
    from dataclasses import replace

    from models.attacking.attack import attack_run

    names = [name.strip() for name in (ways or "").split(",") if name.strip()]
    if ways is not None and not names:
        raise click.BadParameter(f"found {ways!r}; expected names with commas between", param_hint="--nets")
    if names and (endpoint_file or peers):
        raise click.BadParameter("expected neither --endpoint nor --peers beside it", param_hint="--nets")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise click.BadParameter(f"{twice[0]!r} is named twice; expected each once", param_hint="--nets")
    if table and not names:
        raise click.BadParameter("expected --nets beside it, which says what is compared", param_hint="--table")
    with opened(study) as wired:
        machine = machine_of(device, jobs, dask)
        if names:
            bench = bench_of(wired, experiment_file, None)
            whitelist = whitelist_of(wired, force=force, path=whitelist_file)
            bench = replace(bench, whitelist=whitelist, machine=machine)
            ground = replace(_ground(wired, bench.base.labels, peers), whitelist=whitelist, workers=machine.hearing)
            _defend(names, bench, ground, wired.folder.tables, table=table)
            return
        whitelist = whitelist_of(wired, force=force, path=whitelist_file)
        if endpoint_file:
            folder = run_folder(wired, endpoint_file.stem if run_name == "crnn" else run_name)
            if (folder / "run.json").exists():
                raise click.BadParameter(f"{folder} holds nets; give the attack another name", param_hint="--run")
            ground = _ground(wired, (_label(label),), peers)
            events = _of_endpoint(endpoint_file, label, replace(ground, whitelist=whitelist), wired, folder)
        else:
            folder = run_folder(wired, run_name)
            ground = _ground(wired, labels_of_run(folder), peers)
            events = attack_run(replace(ground, whitelist=whitelist, workers=machine.hearing), folder)
        _attack(events, folder)


def _ground(wired: Wired, labels: tuple[LabelName, ...], peers: bool) -> AttackGround:
    """What nets are attacked on, without a whitelist."""
    from models.attacking.ground import AttackGround

    clips = labelled_clips(wired, labels, aloud=True)
    design = wired.study.attack
    if peers:
        design = design.model_copy(update={"beside": tuple(dict.fromkeys((*design.beside, *PEERS)))})
    return AttackGround(
        clips=clips,
        conditions=wired.study.pairs.judged,
        sounds=wired.sounds(clips),
        whitelist=None,
        design=design,
        seed=wired.study.study.seed,
        command=command_line(),
        cache=wired.folder.cache,
        corpus=wired.study.corpus.name,
    )


def _attack(events: Iterator[AttackEvent], folder: Path) -> None:
    """Follow an attack, and write what came of it."""
    from models.attacking.attack import FOLDER
    from models.attacking.pages import write_pages
    from models.attacking.report.table import headline

    result = _followed(events, "attacking (nets)")
    page = write_pages(result, folder / FOLDER)
    results = _results(result)
    _tell_rates(results)
    for note in result.facts.notes:
        tell(note)
    tell(headline(results))
    tell(f"{page} is written; listening.html beside it has the clips that were found")


def _results(result: AttackResult) -> Results:
    """The figures of what was asked."""
    from models.attacking.report.results import Results

    return Results(result.tables.queries, result.tables.clips, result.facts, result.unlimited)


def _label(label: str) -> LabelName:
    from typing import get_args

    from models.labelling import LabelName

    known: tuple[LabelName, ...] = get_args(LabelName)
    found = next((name for name in known if name == label), None)
    if found is None:
        raise click.BadParameter(f"found {label!r}; expected one of {', '.join(known)}", param_hint="--label")
    return found


def _of_endpoint(path: Path, label: str, ground: AttackGround, wired: Wired, folder: Path) -> Iterator[AttackEvent]:
    """The attack on what answers at a web address."""
    from models.attacking.attack import FOLDER, Known, attack_victims
    from models.attacking.targets.endpoint_file import endpoint_of
    from models.attacking.victims import OneRecogniser
    from models.labelling import labelling

    found = labelling(ground.clips, _label(label), wired.study.bins)
    target = endpoint_of(path, found.classes)
    known = Known(
        {label: found.classes},
        "of somebody",
        simulated=wired.study.study.simulated,
        mapped=found.mapped,
        queries_per_s=target.settings.queries_per_s,
    )  # fmt: skip
    victims = OneRecogniser(target, found, ground.clips, target.settings.model_dump_json())
    return attack_victims(ground, victims, known, folder / FOLDER, folder.name)


def _defend(names: list[str], bench: Bench, ground: AttackGround, tables: Path, *, table: bool) -> None:
    """Train nets in several ways, and attack them all."""
    from models.attacking.defence import defend, place_of
    from models.attacking.report.defence import write_defence

    result = _followed(defend(names, bench, ground), "training and attacking (epochs and nets)")
    _tell_rates(_results(result))
    for note in result.facts.notes:
        tell(note)
    if table:
        folder = place_of(tables, names)
        page, *_ = write_defence(result.tables.queries, result.tables.clips, result.facts, folder, clean=names[0])
        tell(f"{page} is written")


def _followed(events: Iterator[AttackEvent], what: str) -> AttackResult:
    """The result at the end of events, with a bar on the way."""
    first = next(events)
    tell(first.sentence)
    result = None
    with progress_bar(what, first.total) as step:
        for event in events:
            step(event.done)
            result = event.result or result
    assert result is not None  # the last event has it, or an error was raised
    return result


def _tell_rates(results: Results) -> None:
    """P_IF of the study's attack with the largest budget, and what became of clips."""
    rows = results.rates[results.rates["k"] == results.facts.k]
    print_table(
        ("nets", "label", "attack", "Corr", "Eval", "single moves", "k", "P_IF", "clips"),
        [
            (r.nets, r.label, r.attack, _yes(r.corr), r.eval, _yes(r.singles), r.k, r.p_if, r.clips)
            for r in rows.itertuples(index=False)
        ],
    )
    wrong = int((results.clips["use"] == "wrong").sum())
    silent = int((results.clips["use"] == "silent").sum())
    tell(f"left out: {wrong} clips and nets that are wrong when nothing is added, {silent} that are silent")


def _yes(flag: object) -> str:
    return "yes" if flag else "no"
