"""`earwitness attack`: how easily noise that people do not mind fools the nets of a run."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.opening import labelled_clips, opened
from app.cli.run_options import force_option, labels_of_run, run_folder, run_option, whitelist_of
from app.cli.say import command_line, print_table, progress_bar, study_option, tell


@click.command(short_help="Fool recognisers with noise that people do not mind.")
@study_option
@run_option
@force_option
def attack(study: Path, run_name: str, force: bool) -> None:
    """Attack the nets of a run by their decisions alone, with k queries a clip, and write attack.html.

    The attacker mixes in sounds and looks for the smallest loss of SNR that changes the label. Every success is also
    judged by the whitelist: did people hear the same emotion?
    """
    from models.attacking.report import run_attack

    with opened(study) as wired:
        folder = run_folder(wired, run_name)
        clips = labelled_clips(wired, labels_of_run(folder))
        result = None
        with progress_bar("attacking (clips)", None) as step:
            for event in run_attack(
                clips,
                wired.sounds(clips),
                whitelist_of(wired, force=force),
                wired.study.attack,
                folder,
                seed=wired.study.study.seed,
                command=command_line(),
                cache=wired.folder.cache,
            ):
                step(event.done)
                result = event.result or result
    if result is None:
        return
    print_table(
        ("dimension", "Corr", "Eval", "k", "P_IF", "clips"),
        [(r.dimension, r.setting.corr, r.setting.eval, r.k, r.p_if, r.clips) for r in result.rates],
    )
    for note in result.notes:
        tell(note)
    tell(f"{folder / 'attack.html'} is written")
