"""`earwitness certify`: from judgments to the whitelist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.say import print_table, study_option, tell
from app.cli.sifting import judgments_that_fit

if TYPE_CHECKING:
    from analysis.whitelist_building import Origin
    from app.folder import StudyFolder
    from app.study import Study


@click.command(short_help="From judgments to whitelist.json.")
@study_option
@click.option(
    "--aggregator",
    default="majority-vote",
    show_default=True,
    help="How votes become the labels of the plain ratio; verdicts go by the study's vote rule.",
)
def certify(study: Path, aggregator: str) -> None:
    """Decide for every condition whether people hear the same emotion, and write whitelist.json.

    Reads judgments.csv of the study's folder, wherever it was collected; docs/whitelist.md says what is written.
    """
    import analysis.aggregators
    from analysis.aggregators.base import Aggregator
    from analysis.votes import tied_pairs
    from analysis.whitelist_building import build
    from analysis.whitelist_views import as_csv, as_markdown
    from app.folder import StudyFolder
    from app.study import read_study
    from pipelines.variants import load
    from pipelines.whole_file import write_whole

    design, folder = read_study(study), StudyFolder(study)
    judgments = judgments_that_fit(folder)
    whitelist = build(
        folder.judgments,
        _origin(folder, design),
        rule=design.decision,
        votes=design.hits.votes,
        created_at=datetime.now(UTC),
        aggregator=load(analysis.aggregators, aggregator, Aggregator)(),
    )
    whitelist.save(folder.whitelist)
    write_whole(folder.whitelist.with_suffix(".csv"), as_csv(whitelist))
    write_whole(folder.whitelist.with_suffix(".md"), as_markdown(whitelist))
    print_table(
        ("condition", "verdict", "pairs", "activation", "up to", "valence", "up to"),
        [
            (
                v.condition,
                v.decision,
                v.pairs,
                v.activation.share,
                v.activation.share_upper,
                v.valence.share,
                v.valence.share_upper,
            )
            for v in whitelist.conditions
        ],
    )
    for note in (*whitelist.assumptions, *whitelist.notes):
        tell(note)
    tied = tied_pairs(judgments)
    if tied:
        tell(f"{tied} pairs are tied and count as different; more judgments would settle them")
    if whitelist.simulated:
        tell("SIMULATED listeners: these verdicts say nothing about people.")
    tell(f"{len(whitelist.safe_conditions)} of {len(whitelist.conditions)} conditions are SAFE: {folder.whitelist}")


def _origin(folder: StudyFolder, design: Study) -> Origin:
    """What the whitelist says of the study beyond its judgments."""
    from analysis.whitelist_building import Origin
    from analysis.whitelist_parts import BankPlace
    from app.stamp import stamp_of
    from pipelines.manifest import FILE_NAME, read_manifest

    manifest = folder.pairs / FILE_NAME
    known = list(read_manifest(manifest)) if manifest.is_file() else None  # None: they were collected elsewhere
    pairs = known or []
    return Origin(
        study=design.study.name,
        seed=design.study.seed,
        languages=tuple(sorted({str(pair.clip["language"]) for pair in pairs if pair.clip.get("language")})),
        page_languages=design.study.languages,
        stamp=stamp_of(folder, design),
        manifest=None if known is None else manifest,
        noises=_noises(folder, design),
        sounds=[BankPlace(name=place.name, path=str(place.path.resolve())) for place in design.sounds],
        pairs=None if known is None else frozenset(pair.pair_id for pair in pairs),
        made=Counter(pair.condition for pair in pairs if pair.role == "study"),
    )


def _noises(folder: StudyFolder, design: Study) -> Mapping[str, Mapping[str, Any]]:
    """The settings of conditions that people heard: those of the manifest, since study.toml may have changed since."""
    from pipelines.manifest import FILE_NAME, read_header

    manifest = folder.pairs / FILE_NAME
    if not manifest.is_file():  # judgments that were collected elsewhere
        return design.pairs.noises
    noises: Mapping[str, Mapping[str, Any]] = read_header(manifest).design["noises"]
    return noises
