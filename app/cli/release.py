"""`earwitness release`: the study as a folder that can be published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.opening import opened, require_file
from app.cli.report import describe
from app.cli.say import study_option, tell
from app.cli.sifting import judgments_that_fit

if TYPE_CHECKING:
    from analysis.release.scrubbing import Scrubber
    from analysis.release.source import Source
    from app.wiring import Wired


@click.command(short_help="Bundle the study for publication.")
@study_option
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="[default: release/ of the study]")
@click.option("--zip", "zipped", is_flag=True, help="Pack it into a .zip beside the folder, too.")
@click.option("--again", is_flag=True, help="Replace an older release in that folder.")
def release(study: Path, output: Path | None, zipped: bool, again: bool) -> None:
    """Write what others need into one folder: judgments, manifest, verdicts, report, datasheet, an audformat database.

    Section [release] of study.toml says which sound goes out, the licence and the authors. Nothing that is secret,
    names a worker on a platform or a folder of this machine goes out; where something would, nothing is written.
    """
    from analysis.release.bundle import ReleaseExists, write_release, zip_release

    with opened(study) as wired:
        require_file(wired.folder.judgments, "judgments export")
        judgments_that_fit(wired.folder)  # says which rows do not
        folder = output or study / "release"
        if zipped and not again and folder.with_name(f"{folder.name}.zip").exists():
            raise ReleaseExists(f"{folder.name}.zip is there already; name another folder, or replace it by --again")
        source = source_of(wired)
        done = write_release(source, folder, again=again)
    for note in done.notes:
        tell(note)
    if source.design.unanswered:
        tell(
            f"{len(source.design.unanswered)} places of datasheet.md wait for you: "
            f"[release.answers] {', '.join(source.design.unanswered)}"
        )
    if not source.design.license:
        tell('nobody may use it yet: say `license = "CC-BY-4.0"`, or another, in [release] of study.toml')
    tell(f"{done.files} files, {done.size / 1e6:.1f} MB, in {done.folder}")
    if zipped:
        tell(f"{zip_release(done.folder)} holds the same")


def source_of(wired: Wired) -> Source:
    """A study as what is to be published of it."""
    from datetime import UTC, datetime
    from importlib.metadata import version

    from analysis.release.source import Source
    from app.study import write_study

    design, folder = wired.study, wired.folder
    places = {
        "corpus": design.corpus.model_copy(update={"path": Path(design.corpus.path.name)}),
        "panel": type(design.panel)(),  # its codes are worth money
        "sounds": tuple(place.model_copy(update={"path": Path(place.path.name)}) for place in design.sounds),
    }
    return Source(
        name=design.study.name,
        design=design.release,
        about=design.study.about,
        described=describe(design),
        pay={
            "wage floor": f"{design.pay.wage_per_hour:g} {design.pay.currency} an hour",
            "expected time of a trial": f"{design.pay.expected_s_per_trial:g} s",
        },
        platform=design.hits.platform,
        languages=design.study.languages,
        study_toml=write_study(design.model_copy(update=places)),
        judgments=folder.judgments,
        pairs=folder.pairs,
        whitelist=folder.whitelist,
        report=folder.report,
        made_on=datetime.now(UTC).date(),
        software=version("earwitness"),
        simulated=design.study.simulated,
        scrubber=scrubber_of(wired),
    )


def scrubber_of(wired: Wired) -> Scrubber:
    """What must not go out: the machine's folders, the study's keys, and the platforms' ids of its workers."""
    from analysis.release.scrubbing import Scrubber
    from app.store.identities import kept_workers, platform_worker_id

    with wired.database.reading() as session:
        kept = [one.worker for one in kept_workers(session) if one.id_kept == "sealed"]
        own_ids = [platform_worker_id(session, worker) for worker in kept]
    keys = [value for value in vars(wired.folder.keys()).values() if value]
    design = wired.study
    places = (wired.folder.path, design.corpus.path, *(place.path for place in design.sounds), Path.home(), Path.cwd())
    return Scrubber(places, (*own_ids, *keys, *wired.settings.seal_keys))
