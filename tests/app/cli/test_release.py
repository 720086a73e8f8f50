"""`earwitness release` on a study whose workers were on a platform: the bundle knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import audformat
import pytest

from app.folder import StudyFolder
from app.settings import Settings
from app.store.identities import sealing_of
from app.tables import WorkerRow
from app.wiring import wire
from hits.judgments_csv import write_judgments
from pipelines.manifest import read_manifest
from tests.analysis.conftest import judgment, study_rows
from tests.app.cli.test_db import study_folder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:audformat")  # the library's use of pandas
WORKER_ID = "A3PLATFORMWORKER"


@pytest.fixture
def folder(tmp_path: Path, earwitness: Callable[..., object]) -> Path:
    """A study with judgments, and a worker whose id on a platform is sealed in its database."""
    folder = study_folder(tmp_path / "s")
    assert earwitness("db", "upgrade", "--study", folder).code == 0
    wired = wire(folder, Settings())
    with wired.database.writing() as session:
        sealed = sealing_of(session).seal(WORKER_ID)
        session.add(
            WorkerRow(
                worker="w1",
                platform="mturk",
                platform_worker_id=sealed,
                simulated=False,
                first_seen_at=datetime.now(UTC),
            )
        )
    wired.database.dispose()
    write_judgments(study_rows(pairs=4), folder / "judgments.csv")
    return folder


def test_a_release_is_written_packed_and_replaced_only_when_asked(
    earwitness: Callable[..., object], folder: Path
) -> None:
    done = earwitness("release", "--study", folder, "--zip")
    assert done.code == 0, done.err
    assert "[release.answers] purpose, creators" in done.err
    assert (folder / "release.zip").exists()
    assert len(audformat.Database.load(str(folder / "release"))["judgments"]) == len(study_rows(pairs=4))
    again = earwitness("release", "--study", folder)
    assert again.code == 1
    assert "--again" in again.err
    (folder / "study.toml").write_text(
        (folder / "study.toml").read_text()
        + '[release]\nlicense = "CC0-1.0"\nauthors = ["Lovelace, Ada"]\n[release.answers]\nfunding = "A grant."\n'
        + '[panel.codes]\ncompleted = "C0MPLETED"\n'
    )
    assert earwitness("release", "--study", folder, "--again").code == 0
    assert "A grant." in (folder / "release" / "datasheet.md").read_text()


def test_no_worker_no_key_no_code_and_no_folder_goes_out(earwitness: Callable[..., object], folder: Path) -> None:
    (folder / "study.toml").write_text((folder / "study.toml").read_text() + '[panel.codes]\ncompleted = "C0MPLETED"\n')
    assert earwitness("release", "--study", folder).code == 0
    told = b"".join(path.read_bytes() for path in (folder / "release").rglob("*") if path.is_file())
    keys = StudyFolder(folder).keys()
    for hidden in (WORKER_ID, keys.secret_key, keys.seal_key, str(folder), "C0MPLETED"):
        assert hidden is not None
        assert hidden.encode() not in told


def test_a_workers_id_that_got_into_the_judgments_stops_it(earwitness: Callable[..., object], folder: Path) -> None:
    write_judgments([{**row, "worker": WORKER_ID} for row in study_rows(pairs=1)[:1]], folder / "judgments.csv")
    done = earwitness("release", "--study", folder)
    assert done.code == 1
    assert "judgments.csv of the release holds a key, or a worker's id" in done.err
    assert WORKER_ID not in done.err
    assert not (folder / "release").exists()


def test_without_judgments_it_says_what_writes_them(earwitness: Callable[..., object], tmp_path: Path) -> None:
    done = earwitness("release", "--study", study_folder(tmp_path / "s"))
    assert done.code == 1
    assert "earwitness judgments export" in done.err


def test_pairs_that_were_made_here_go_out_without_a_trace_of_this_machine(
    earwitness: Callable[..., object], study: Path, demo_folders: tuple[Path, Path]
) -> None:
    assert earwitness("pairs", "make", "--study", study, "--jobs", 1).code == 0
    pairs = list(read_manifest(study / "pairs"))
    rows = [
        judgment(number, pair_id=pair.pair_id, clip_id=pair.clip_id, condition=pair.condition, family=pair.family,
                 snr_db=pair.snr_db, role=pair.role)
        for number, pair in enumerate(pairs) if pair.role in ("study", "identical", "positive")
    ]  # fmt: skip
    write_judgments(rows, study / "judgments.csv")
    toml = (study / "study.toml").read_text()
    (study / "study.toml").write_text(toml.replace('sound = "none"', 'sound = "noisy"'))
    done = earwitness("release", "--study", study)
    assert done.code == 0, done.err
    out = study / "release"
    assert [pair.pair_id for pair in read_manifest(out)] == [pair.pair_id for pair in pairs]
    sent = {path.relative_to(out) for path in out.rglob("*.flac")}
    assert sent == {pair.noisy_path for pair in pairs if pair.role == "study"}
    assert not sent & {pair.original_path for pair in pairs}
    told = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    for folder in (study, *demo_folders):
        assert str(folder).encode() not in told
    assert "[SIMULATED]" in (out / "README.md").read_text()  # the demo's voices are
