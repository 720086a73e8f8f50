"""A release: whole or not at all, checked by the tools that others have, and nothing in it that nobody should know."""

from __future__ import annotations

import hashlib
import json
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import audformat
import numpy as np
import pytest
import soundfile
import yaml

from analysis.judgments_file import sift
from analysis.release import bundle
from analysis.release.bundle import HOLDS, SUMS, ReleaseExists, write_release, zip_release
from analysis.release.scrubbing import ReleaseLeaks, Scrubber
from analysis.release.settings import QUESTIONS, ReleaseDesign
from analysis.release.source import Source
from hits.judgments_csv import write_judgments
from pipelines.clip import Pair, Role
from pipelines.manifest import Header, Refusal, read_manifest, write_manifest

WORKER_ID = "A3PLATFORMWORKER"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:audformat")  # the library's use of pandas
Rows = Sequence[dict[str, object]]


def pair_of(row: dict[str, object], number: int) -> Pair:
    """The pair that a judgment is about, as the manifest has it."""
    role: Role = "study" if row["role"] in ("study", "repeat") else row["role"]  # type: ignore[assignment]
    changed = role not in ("identical", "check")
    return Pair(
        pair_id=str(row["pair_id"]),
        clip_id=str(row["clip_id"]),
        condition=str(row["condition"]),
        role=role,
        original_path=Path(f"original/{row['clip_id']}.flac"),
        noisy_path=Path(f"noisy/{row['pair_id']}.flac"),
        original_length_s=0.1,
        noisy_length_s=0.1,
        original_sha256="a" * 64,
        noisy_sha256=("b" if changed else "a") * 64,
        seed=number,
        params={"words": ["secretly"], "snr_db": 10.0},
        family=str(row["family"]),
        snr_db=row["snr_db"],  # type: ignore[arg-type]
        clip={"speaker": "s1", "gender": "female", "transcript": "what was said", "language": "en", "activation": 2.5},
    )


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """The folder of a study on somebody's machine."""
    path = tmp_path / "ada lovelace" / "my-study"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def source(lab: Path, study: Callable[..., Rows]) -> Source:
    """A study with sound, verdicts and a report that tell where they were made."""
    rows = study(pairs=4)
    write_judgments(rows, lab / "judgments.csv")
    pairs = list({str(row["pair_id"]): pair_of(row, number) for number, row in enumerate(rows)}.values())
    refusal = Refusal("p0", "c9", "fade-in", f"can't be read from {lab}/corpus/c9.wav")
    header = Header(7, {"sample_rate_hz": 16_000}, "c" * 64, "d" * 64)
    write_manifest(lab / "pairs" / "manifest.jsonl", header, [*pairs, refusal])
    for path in {path for pair in pairs for path in (pair.original_path, pair.noisy_path)}:
        (lab / "pairs" / path).parent.mkdir(exist_ok=True)
        soundfile.write(lab / "pairs" / path, np.zeros(1600, np.float32), 16_000)
    verdicts = {
        "format": "earwitness-whitelist",
        "simulated": False,
        "sounds": [{"name": "demo", "path": str(lab / "sounds")}],
        "conditions": [{"condition": "nat-co-20db", "decision": "SAFE"}],
    }
    (lab / "whitelist.json").write_text(json.dumps(verdicts, indent=1))
    (lab / "whitelist.md").write_text("| nat-co-20db | SAFE |")
    (lab / "report").mkdir()
    (lab / "report" / "index.html").write_text(f"<p>earwitness report --study {lab}</p>")
    (lab / "keys.json").write_text('{"secret_key": "a-very-secret-key"}')
    return Source(
        name="demo",
        design=ReleaseDesign(license="CC-BY-4.0", authors=("Lovelace, Ada", "The lab"), doi="10.5281/zenodo.1"),
        about="How noise changes what people hear.",
        described=("Each pair was judged by 3 workers.",),
        pay={"wage floor": "9.45 USD an hour"},
        platform="mturk",
        languages=("en",),
        study_toml=f'[corpus]\npath = "{lab}/corpus"\n',
        judgments=lab / "judgments.csv",
        pairs=lab / "pairs",
        whitelist=lab / "whitelist.json",
        report=lab / "report",
        made_on=date(2026, 11, 21),
        software="0.1.0",
        scrubber=Scrubber((lab,), (WORKER_ID, "a-very-secret-key")),
    )


def with_design(source: Source, **changed: object) -> Source:
    return replace(source, design=source.design.model_copy(update=changed))


def everything(folder: Path) -> bytes:
    return b"\n".join(path.name.encode() + path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_release_holds_what_its_readme_says_and_its_sums_are_right(source: Source, tmp_path: Path) -> None:
    done = write_release(source, tmp_path / "release")
    names = {path.relative_to(done.folder).as_posix() for path in done.folder.rglob("*") if path.is_file()}
    assert len(names) == done.files
    readme = (done.folder / "README.md").read_text()
    for name in names:
        assert f"`{name.split('/')[0]}`" in readme, name
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", SUMS], cwd=done.folder, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count(": OK") == len(names) - 1
    assert not list(tmp_path.glob(".*"))  # no draft is left


def test_judgments_and_whitelist_are_the_bytes_that_others_can_check(source: Source, tmp_path: Path) -> None:
    write_release(source, tmp_path / "r")
    assert (tmp_path / "r" / "judgments.csv").read_bytes() == source.judgments.read_bytes()
    plain = json.dumps({"format": "earwitness-whitelist", "conditions": []}).encode()
    source.whitelist.write_bytes(plain)
    write_release(source, tmp_path / "again")
    assert (tmp_path / "again" / "whitelist.json").read_bytes() == plain


@pytest.mark.parametrize("sound", ["none", "noisy", "all"])
def test_nothing_of_the_machine_and_of_people_is_in_it(source: Source, lab: Path, tmp_path: Path, sound: str) -> None:
    done = write_release(with_design(source, sound=sound), tmp_path / "r")
    told = everything(done.folder)
    for hidden in (str(lab), "ada lovelace", WORKER_ID, "a-very-secret-key", str(tmp_path)):
        assert hidden.encode() not in told, hidden
    assert any("whitelist.json" in note for note in done.notes)  # what was changed is said
    assert hashlib.sha256(source.whitelist.read_bytes()).hexdigest() in (done.folder / "README.md").read_text()
    spoken = (b"what was said" in told, b"secretly" in told)
    assert spoken == ((True, True) if sound == "all" else (False, False))


@pytest.mark.parametrize(
    "leak", [WORKER_ID, "a-very-secret-key", "/home/ada/studies", "C:\\Users\\ada", "/Users/ada/x"]
)
def test_what_would_leak_stops_the_release(source: Source, tmp_path: Path, leak: str) -> None:
    (source.report / "table.csv").write_text("x" * 3000 + leak)
    with pytest.raises(ReleaseLeaks, match="report/table.csv"):
        write_release(source, tmp_path / "r")
    assert not (tmp_path / "r").exists()
    assert not list(tmp_path.glob(".*"))


def test_sound_goes_out_as_far_as_the_study_says(source: Source, tmp_path: Path) -> None:
    found = {}
    for sound in ("none", "noisy", "all"):
        write_release(with_design(source, sound=sound), tmp_path / sound)
        found[sound] = {path.relative_to(tmp_path / sound).as_posix() for path in (tmp_path / sound).rglob("*.flac")}
    pairs = list(read_manifest(source.pairs))
    assert found["none"] == set()
    assert found["noisy"] == {pair.noisy_path.as_posix() for pair in pairs if pair.role == "study"}
    assert found["all"] == {path.as_posix() for pair in pairs for path in (pair.original_path, pair.noisy_path)}
    assert [pair.pair_id for pair in read_manifest(tmp_path / "none")] == [pair.pair_id for pair in pairs]


def test_the_database_opens_with_audformat_and_says_the_same(source: Source, tmp_path: Path) -> None:
    write_release(source, tmp_path / "r")
    database = audformat.Database.load(str(tmp_path / "r"))
    judgments = sift(source.judgments).judgments
    table = database["judgments"].get()
    assert len(table) == len(judgments)
    said = judgments.set_index("judgment_id")
    for column, name in (("pair", "pair_id"), ("worker", "worker"), ("activation", "activation"), ("used", "used")):
        assert table[column].astype(str).to_dict() == said[name].astype(str).to_dict()
    assert set(database["workers"].index) == set(judgments["worker"])
    assert set(database["pairs"].index) == {pair.pair_id for pair in read_manifest(source.pairs)}
    assert database["conditions"].get()["decision"].dropna().to_dict() == {"nat-co-20db": "SAFE"}
    labels = database["labels"].get()
    assert set(labels.index) == set(judgments.loc[judgments["role"] == "study", "pair_id"])
    assert database["labels"].columns["activation"].rater_id == "majority"
    assert (database.license, database.raters["listeners"].type) == ("CC-BY-4.0", "human")
    assert list(database["noisy"].files) == [pair.noisy_path.as_posix() for pair in read_manifest(source.pairs)]
    assert {"datasheet-md", "whitelist-json", "whitelist-md", "report"} <= set(database.attachments)


def test_times_are_coarse_where_the_study_wishes_it(source: Source, tmp_path: Path) -> None:
    done = write_release(with_design(source, times="day"), tmp_path / "r")
    own, out = (
        sift(path).judgments.set_index("judgment_id") for path in (source.judgments, tmp_path / "r/judgments.csv")
    )
    assert (out["submitted_at"] == own["submitted_at"].dt.floor("D").reindex(out.index)).all()
    rest = [name for name in own.columns if name != "submitted_at"]
    assert out[rest].sort_index().equals(own[rest].sort_index())
    assert hashlib.sha256(source.judgments.read_bytes()).hexdigest() in done.notes[0]
    database = audformat.Database.load(str(tmp_path / "r"))
    assert set(database["judgments"].get()["submitted_at"].dt.hour) == {0}


def test_wrong_rows_do_not_go_out_and_that_is_said(source: Source, tmp_path: Path) -> None:
    lines = source.judgments.read_text().splitlines()
    source.judgments.write_text("\n".join([*lines, lines[1].replace("same", "perhaps")]) + "\n")
    done = write_release(source, tmp_path / "r")
    assert "wrong rows left out 1" in done.notes[0]
    assert "perhaps" not in (tmp_path / "r" / "judgments.csv").read_text()
    assert "1 rows of the study's own file were wrong" in (tmp_path / "r" / "datasheet.md").read_text()


def test_a_simulated_study_says_so_wherever_one_looks(
    source: Source, study: Callable[..., Rows], tmp_path: Path
) -> None:
    write_judgments(study(pairs=4, simulated=True), source.judgments)
    write_release(source, tmp_path / "r")
    for name in ("README.md", "datasheet.md", "CITATION.cff", "LICENSE.md", "db.yaml"):
        assert "simulated" in (tmp_path / "r" / name).read_text().lower(), name
    assert audformat.Database.load(str(tmp_path / "r")).raters["listeners"].type == "machine"
    assert "[SIMULATED]" in yaml.safe_load((tmp_path / "r" / "CITATION.cff").read_text())["title"]


def test_a_study_of_people_does_not_say_that_it_is_simulated(source: Source, tmp_path: Path) -> None:
    write_release(source, tmp_path / "r")
    for name in ("README.md", "datasheet.md", "CITATION.cff", "LICENSE.md"):
        assert "simulated" not in (tmp_path / "r" / name).read_text().lower(), name


def test_the_datasheet_has_the_figures_and_marks_what_only_the_authors_know(source: Source, tmp_path: Path) -> None:
    said = {name: f"Our answer on {name}." for name in list(QUESTIONS)[1:]}
    write_release(with_design(source, answers=said), tmp_path / "r")
    sheet = (tmp_path / "r" / "datasheet.md").read_text()
    judgments = sift(source.judgments).judgments
    assert f"{len(judgments)} judgments of {judgments['worker'].nunique()} workers" in sheet
    assert "Pairs of the role `identical`: 4" in sheet
    assert "1 that could not be made" in sheet
    assert sheet.count("**To fill in** (") == 1
    assert all(answer in sheet for answer in said.values())
    for heading in ("Motivation", "Composition", "Collection", "Preprocessing", "Uses", "Distribution", "Maintenance"):
        assert f"\n## {heading}" in sheet


def test_a_citation_is_yaml_with_people_and_groups(source: Source, tmp_path: Path) -> None:
    write_release(source, tmp_path / "r")
    said = yaml.safe_load((tmp_path / "r" / "CITATION.cff").read_text())
    assert said["authors"] == [{"family-names": "Lovelace", "given-names": "Ada"}, {"name": "The lab"}]
    assert (said["cff-version"], said["type"], said["doi"]) == ("1.2.0", "dataset", "10.5281/zenodo.1")
    assert said["license"] == "CC-BY-4.0"


def test_judgments_from_elsewhere_alone_are_a_release_too(source: Source, tmp_path: Path) -> None:
    bare = replace(source, pairs=tmp_path / "no", whitelist=tmp_path / "no.json", report=tmp_path / "none")
    write_release(bare, tmp_path / "r")
    database = audformat.Database.load(str(tmp_path / "r"))
    assert len(database["pairs"]) == sift(source.judgments).judgments["pair_id"].nunique()
    assert "There is no manifest" in (tmp_path / "r" / "datasheet.md").read_text()
    assert "`manifest.jsonl`" not in (tmp_path / "r" / "README.md").read_text().split("| file |")[1]


def test_a_folder_is_replaced_only_where_it_is_asked_for_and_only_a_release(source: Source, tmp_path: Path) -> None:
    write_release(source, tmp_path / "r")
    (tmp_path / "r" / "README.md").write_text("mine")
    with pytest.raises(ReleaseExists, match="--again"):
        write_release(source, tmp_path / "r")
    assert (tmp_path / "r" / "README.md").read_text() == "mine"
    write_release(source, tmp_path / "r", again=True)
    assert (tmp_path / "r" / "README.md").read_text() != "mine"
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.tex").write_text("x")
    with pytest.raises(ReleaseExists, match="is no release"):
        write_release(source, tmp_path / "precious", again=True)
    assert (tmp_path / "precious" / "thesis.tex").exists()


def test_what_stops_half_way_leaves_the_older_release_as_it_was(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(source, tmp_path / "r")
    before = everything(tmp_path / "r")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bundle, "write_database", stop)
    with pytest.raises(KeyboardInterrupt):
        write_release(source, tmp_path / "r", again=True)
    assert everything(tmp_path / "r") == before
    assert not list(tmp_path.glob(".*"))


def test_the_zip_holds_the_same_and_is_the_same_each_time(source: Source, tmp_path: Path) -> None:
    done = write_release(with_design(source, sound="noisy"), tmp_path / "r")
    first = zip_release(done.folder).read_bytes()
    assert zip_release(done.folder).read_bytes() == first
    with zipfile.ZipFile(tmp_path / "r.zip") as packed:
        packed.extractall(tmp_path / "out")
    assert everything(tmp_path / "out" / "r") == everything(tmp_path / "r")


def test_every_name_that_a_release_may_hold_is_explained() -> None:
    assert all(HOLDS.values())


@pytest.mark.parametrize("wrong", [{"doi": "zenodo"}, {"sound": "some"}, {"answers": {"colour": "red"}}])
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ReleaseDesign.model_validate(wrong)
