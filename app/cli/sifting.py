"""How a command reads judgments.csv: wrong rows are said aloud, listed beside the file, and kept out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli.opening import require_file
from app.cli.say import tell

if TYPE_CHECKING:
    from pandas import DataFrame

    from app.folder import StudyFolder

TOLD = 20  # wrong rows on the screen; the file has all of them


def known_pairs(folder: StudyFolder) -> frozenset[str] | None:
    """The ids of the study's pairs; None where no pairs were made here, as for judgments from elsewhere."""
    from pipelines.manifest import FILE_NAME, read_manifest

    manifest = folder.pairs / FILE_NAME
    return frozenset(pair.pair_id for pair in read_manifest(manifest)) if manifest.is_file() else None


def judgments_that_fit(folder: StudyFolder) -> DataFrame:
    """The study's judgments without the wrong rows.

    Raises:
        InputMissing: there is no judgments.csv.
        JudgmentsRefused: it is wrong as a whole.
    """
    from analysis.judgments_file import sift, write_wrong_rows

    path = require_file(folder.judgments, "judgments export")
    sifted = sift(path, known_pairs(folder))
    beside = write_wrong_rows(path, sifted.problems)
    for problem in sifted.problems[:TOLD]:
        tell(f"{path}, {problem}")
    if beside:
        tell(f"{sifted.kept_out} rows of {path} are wrong and kept out: {beside} lists them all")
    return sifted.judgments
