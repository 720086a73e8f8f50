"""`earwitness certify`: from judgments to the whitelist."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.say import print_table, study_option, tell
from app.cli.sifting import judgments_that_fit, known_pairs

if TYPE_CHECKING:
    from app.folder import StudyFolder
    from app.study import Study


@click.command(short_help="From judgments to whitelist.json.")
@study_option
@click.option("--aggregator", default="majority-vote", show_default=True, help="How votes become labels.")
def certify(study: Path, aggregator: str) -> None:
    """Decide for every condition whether people hear the same emotion, and write whitelist.json.

    Reads judgments.csv of the study's folder, wherever it was collected; docs/whitelist.md says what is written.
    """
    import analysis.aggregators
    from analysis.aggregators.base import Aggregator
    from analysis.votes import tied_pairs
    from analysis.whitelist import BankPlace, build
    from app.folder import StudyFolder
    from app.study import read_study
    from pipelines.variants import load

    design, folder = read_study(study), StudyFolder(study)
    judgments = judgments_that_fit(folder)
    whitelist = build(
        folder.judgments,
        study=design.study.name,
        seed=design.study.seed,
        rule=design.decision,
        aggregator=load(analysis.aggregators, aggregator, Aggregator)(),
        created_at=datetime.now(UTC),
        noises=_noises(folder, design),
        sounds=[BankPlace(name=place.name, path=str(place.path.resolve())) for place in design.sounds],
        pairs=known_pairs(folder),
    )
    whitelist.save(folder.whitelist)
    print_table(
        ("condition", "verdict", "pairs", "activation", "up to", "valence", "up to"),
        [
            (v.condition, v.decision, v.pairs, v.activation.ratio, v.activation.upper, v.valence.ratio, v.valence.upper)
            for v in whitelist.conditions
        ],
    )
    tied = tied_pairs(judgments)
    if tied:
        tell(f"{tied} pairs are tied and count as different; more judgments would settle them")
    if whitelist.simulated:
        tell("SIMULATED listeners: these verdicts say nothing about people.")
    tell(f"{len(whitelist.safe_conditions)} of {len(whitelist.conditions)} conditions are SAFE: {folder.whitelist}")


def _noises(folder: StudyFolder, design: Study) -> Mapping[str, Mapping[str, Any]]:
    """The settings of conditions that people heard: those of the manifest, since study.toml may have changed since."""
    from pipelines.manifest import FILE_NAME, read_header

    manifest = folder.pairs / FILE_NAME
    if not manifest.is_file():  # judgments that were collected elsewhere
        return design.pairs.noises
    noises: Mapping[str, Mapping[str, Any]] = read_header(manifest).design["noises"]
    return noises
