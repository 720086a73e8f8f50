"""`earwitness corpus check` and `earwitness sounds check`: counts on stdout, problems on stderr."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.pipelines.layouts import emodb, enterface, ravdess
from tests.pipelines.layouts.sound import write_silence


def table(out: str) -> dict[tuple[str, str], list[str]]:
    rows = [line.split("\t") for line in out.splitlines()]
    return {(row[0], row[1]): row[2:] for row in rows}


def test_a_corpus_is_counted_beside_what_is_published(tmp_path: Path, earwitness) -> None:
    ended = earwitness("corpus", "check", f"ravdess={ravdess.make(tmp_path)}")

    assert ended.code == 0, ended.err
    counts = table(ended.out)
    assert counts["counted", "name"] == ["found", "published", "difference"]
    assert counts["clips", "all"] == ["4", "1440", "-1436"]
    assert counts["clips", "with transcript"] == ["4", "", ""]
    assert counts["emotion", "calm"] == ["1", "192", "-191"]
    assert counts["gender", "female"] == ["1", "720", "-719"]
    assert counts["activation x valence", "high x low"][0] == "1"
    assert counts["speaker", "12"] == ["1", "60", "-59"]
    assert "reading the corpus" in ended.err
    assert "published: Livingstone and Russo" in ended.err
    assert "problem" not in ended.err


def test_every_problem_of_a_corpus_is_one_line_and_ends_with_1(tmp_path: Path, earwitness) -> None:
    root = emodb.make(tmp_path)
    (root / "wav" / "03a01Fa.wav").write_bytes(b"")
    (root / "wav" / "whatever.wav").write_bytes(b"")

    ended = earwitness("corpus", "check", f"emodb={root}")

    assert ended.code == 1
    assert table(ended.out)["clips", "all"][0] == "3"
    lines = ended.err.splitlines()
    at = lines.index("2 problems:")
    assert f"{root / 'wav' / '03a01Fa.wav'} is empty" in lines[at + 1]
    assert f"{root / 'wav' / 'whatever.wav'} is not named as EmoDB" in lines[at + 2]
    assert len(lines) == at + 3


def test_a_corpus_without_a_usable_clip_is_an_error_after_its_problems(tmp_path: Path, earwitness) -> None:
    root = emodb.make(tmp_path)
    for path in (root / "wav").iterdir():
        write_silence(path)

    ended = earwitness("corpus", "check", f"emodb={root}")

    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.count("is silent") == 4
    assert "has no usable clip (4 files can't be used)" in ended.err


def test_videos_are_a_corpus_like_any_other(tmp_path: Path, earwitness) -> None:
    ended = earwitness("corpus", "check", f"enterface={enterface.make(tmp_path)}")

    assert ended.code == 0, ended.err
    assert table(ended.out)["clips", "all"] == ["6", "1290", "-1284"]


def test_a_sound_bank_is_counted_by_family_and_category(demo_folders: tuple[Path, Path], earwitness) -> None:
    ended = earwitness("sounds", "check", f"demo={demo_folders[1]}")

    assert ended.code == 0, ended.err
    counts = table(ended.out)
    assert counts["family", "category"] == ["sounds", "with a problem"]
    for family in ("nat", "hum", "int"):
        every = [int(row[0]) for (name, category), row in counts.items() if name == family and category != "all"]
        assert int(counts[family, "all"][0]) == sum(every) > 0


def test_a_sound_that_cannot_be_decoded_is_named_and_ends_with_1(
    demo_folders: tuple[Path, Path], tmp_path: Path, earwitness
) -> None:
    shutil.copytree(demo_folders[1], tmp_path / "bank")
    broken = min((tmp_path / "bank" / "wav").iterdir())
    write_silence(broken)

    ended = earwitness("sounds", "check", f"demo={tmp_path / 'bank'}")

    assert ended.code == 1
    assert "1 problem:" in ended.err
    assert f"{broken} is silent" in ended.err
    assert sum(int(row[1]) for (_, category), row in table(ended.out).items() if category == "all") == 1


@pytest.mark.parametrize("noun", ["corpus", "sounds"])
@pytest.mark.parametrize(
    ("place", "code", "says"),
    [
        ("emodb", 2, "expected NAME=PATH"),
        ("emodb=/no/such/folder", 2, "found no folder /no/such/folder"),
        ("emodb=~nobody-of-that-name/x", 2, "which is no path"),
        ("nosuch={tmp}", 1, "no 'nosuch' among the"),
        ("demo={tmp}", 1, "expected"),
    ],
)
def test_a_place_that_is_none_is_refused(
    noun: str, place: str, code: int, says: str, tmp_path: Path, earwitness
) -> None:
    ended = earwitness(noun, "check", place.format(tmp=tmp_path))

    assert ended.code == code
    assert says in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    assert ended.out == ""
