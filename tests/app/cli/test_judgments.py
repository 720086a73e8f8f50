"""Old batches come in by a command, and stay when the study's own judgments are exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from analysis.votes import read_judgments
from tests.app.cli.test_db import study_folder
from tests.hits.test_importing import row, site_csv, written

SAY = [
    *("--map", "Input.pair{n}=pair_id", "--map", "Input.condition{n}=condition"),
    *("--map", "Answer.act{n}=activation", "--map", "Answer.val{n}=valence"),
]
MEANT = '[values.activation]\nyes = "same"\nno = "different"\n[values.valence]\nyes = "same"\nno = "different"\n'


def test_an_old_batch_comes_in_once_and_an_export_keeps_it(earwitness: Callable[..., object], tmp_path: Path) -> None:
    folder = study_folder(tmp_path / "s")
    batch = written(tmp_path, site_csv([row(), row("3BBB", "A2WORKER", **{"Answer.act1": "?"})]))
    (folder / "import.toml").write_text(MEANT)
    tried = earwitness("judgments", "import", batch, "--study", folder, *SAY, "--dry-run")
    assert "3 judgments would be added" in tried.err
    assert not (folder / "judgments.csv").exists()
    done = earwitness("judgments", "import", batch, "--study", folder, *SAY)
    assert done.code == 1
    assert "line 3, pair 1: activation is '?'" in done.err
    assert "A1WORKER" not in (folder / "judgments.csv").read_text()
    assert "Input.pair{n}" in (folder / "import.toml").read_text()  # the next batch needs no --map
    assert "yes" in (folder / "import.toml").read_text()
    again = earwitness("judgments", "import", batch, "--study", folder)
    assert "0 judgments are added to the 3" in again.err
    assert earwitness("judgments", "export", "--study", folder).code == 0
    assert len(read_judgments(folder / "judgments.csv")) == 3


def test_a_whitelist_is_certified_from_an_old_batch_alone(earwitness: Callable[..., object], tmp_path: Path) -> None:
    folder = study_folder(tmp_path / "s")
    (folder / "import.toml").write_text(MEANT)
    batch = written(tmp_path, site_csv([row(f"3A{n}", f"A{n}") for n in range(5)]))
    assert earwitness("judgments", "import", batch, "--study", folder, *SAY).code == 0
    done = earwitness("certify", "--study", folder)
    assert done.code == 0, done.err
    assert (folder / "whitelist.json").exists()


def test_labels_and_agreement_are_told_of_an_old_batch(earwitness: Callable[..., object], tmp_path: Path) -> None:
    folder = study_folder(tmp_path / "s")
    (folder / "import.toml").write_text(MEANT)
    batch = written(tmp_path, site_csv([row(f"3A{n}", f"A{n}") for n in range(5)]))
    assert earwitness("judgments", "import", batch, "--study", folder, *SAY).code == 0

    labelled = earwitness("judgments", "labels", "--study", folder)
    assert labelled.code == 0, labelled.err
    assert (folder / "labels.csv").read_text().startswith("pair_id,")
    assert "majority-vote" in (folder / "labels-compared.csv").read_text()
    for by in ("condition", "worker"):
        told = earwitness("judgments", "agreement", "--study", folder, "--by", by)
        assert told.code == 0, told.err
        assert "alpha" in told.out + told.err
