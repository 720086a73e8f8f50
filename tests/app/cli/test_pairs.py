"""`earwitness pairs`: what can be heard, listed and checked once pairs are made."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.manifest import read_manifest
from pipelines.ranking import read_ranking


@pytest.fixture
def made(study: Path, earwitness) -> Path:
    """A study of two clips under two conditions, with its pairs."""
    assert earwitness("pairs", "make", "--study", study, "--jobs", 1).code == 0
    return study


def test_the_listening_page_lies_beside_the_pairs_and_its_size_is_told(made: Path, earwitness) -> None:
    ended = earwitness("pairs", "listen", "--study", made)

    assert ended.code == 0
    page = made / "pairs-listen.html"
    assert f"{page.stat().st_size / 1e6:.1f} MB: {page}" in ended.err
    assert "nat-co-10db" in page.read_text()
    assert f"earwitness pairs listen --study {made}" in page.read_text()
    assert earwitness("pairs", "verify", "--study", made).code == 0  # a page inside would not belong


def test_the_listening_page_goes_where_it_is_asked_to(made: Path, tmp_path: Path, earwitness) -> None:
    here, more = tmp_path / "a.html", tmp_path / "b.html"

    assert earwitness("pairs", "listen", "--study", made, "--per-condition", 1, "--out", here).code == 0
    assert earwitness("pairs", "listen", "--study", made, "--lossless", "--out", more).code == 0

    assert here.read_text().count("<audio") == 2 * here.read_text().count("<h3")
    assert "data:audio/flac" not in here.read_text()
    assert more.read_text().count('src="data:audio/flac') > here.read_text().count("<audio")


def test_a_page_that_would_be_too_large_is_refused_in_a_sentence(made: Path, earwitness) -> None:
    ended = earwitness("pairs", "listen", "--study", made, "--largest-mb", 0.05)

    assert ended.code == 1
    assert "would be larger than 0.05 MB" in ended.err
    assert not (made / "pairs-listen.html").exists()


@pytest.mark.parametrize("command", ["listen", "verify", "list"])
def test_without_pairs_the_command_that_makes_them_is_named(study: Path, command: str, earwitness) -> None:
    ended = earwitness("pairs", command, "--study", study)

    assert ended.code == 1
    assert "`earwitness pairs make` writes it" in ended.err


def test_a_pair_is_exported_as_one_file_original_first(made: Path, tmp_path: Path, earwitness) -> None:
    pair = next(read_manifest(made / "pairs"))

    ended = earwitness("pairs", "export", "--study", made, pair.pair_id, tmp_path / "both.wav")

    assert ended.code == 0
    assert f"{pair.clip_id}, then {pair.condition}" in ended.err
    heard, rate_hz = soundfile.read(tmp_path / "both.wav", dtype="float32")
    assert len(heard) / rate_hz == pytest.approx(pair.original_length_s + 0.5 + pair.noisy_length_s, abs=1e-3)
    original = soundfile.read(made / "pairs" / pair.original_path, dtype="float32")[0]
    np.testing.assert_array_equal(heard[200 : len(original) - 200], original[200:-200])


def test_a_pair_that_is_not_there_is_named(made: Path, tmp_path: Path, earwitness) -> None:
    ended = earwitness("pairs", "export", "--study", made, "nosuch", tmp_path / "both.wav")

    assert ended.code == 1
    assert "has no pair 'nosuch'; `earwitness pairs list` lists them" in " ".join(ended.err.split())
    assert not (tmp_path / "both.wav").exists()


def test_verify_counts_what_agrees_and_names_what_does_not(made: Path, earwitness) -> None:
    assert "files agree with the manifest" in earwitness("pairs", "verify", "--study", made).err
    lost = next((made / "pairs" / "noisy").iterdir())
    lost.unlink()

    ended = earwitness("pairs", "verify", "--study", made)

    assert ended.code == 1
    assert ended.out == f"{lost} is missing; `earwitness pairs make` makes it again\n"
    assert "1 of " in ended.err
    assert earwitness("pairs", "make", "--study", made, "--jobs", 1).code == 0
    assert earwitness("pairs", "verify", "--study", made).code == 0


def test_practice_pairs_are_of_clips_outside_the_study(made: Path, earwitness) -> None:
    rows = [line.split("\t") for line in earwitness("pairs", "list", "--study", made).out.splitlines()]
    clips = {role: {row[3] for row in rows if row[1] == role} for role in ("study", "practice")}

    assert sorted(row[2] for row in rows if row[1] == "practice") == ["identical", "identical", "obvious", "obvious"]
    assert len(clips["study"]) == 2
    assert len(clips["practice"]) == 4
    assert not clips["study"] & clips["practice"]


def test_conditions_are_listed_with_their_settings_and_whether_they_are_drawn(study: Path, earwitness) -> None:
    toml = study / "study.toml"
    text, found = re.subn(r"(?m)^\[pairs.noises\]$", "[pairs.noises.nat-co-10db]\nsnr_db = 12", toml.read_text())
    assert found == 1
    toml.write_text(text)

    header, *rows = (row.split("\t") for row in earwitness("pairs", "conditions", "--study", study).out.splitlines())

    assert header == ["condition", "kind", "family", "snr_db", "drawn", "settings"]
    by_name = {row[0]: row for row in rows}
    assert by_name["nat-co-10db"][1:5] == ["environmental", "nat", "12", "True"]
    assert "snr_db = 12" in by_name["nat-co-10db"][5]
    assert by_name["fade-out"][3:5] == ["", "False"]


def want_qualification(study: Path, clips: int) -> None:
    """Switch on the ranking of so many clips, at one attempt."""
    toml = study / "study.toml"
    head, _, tail = toml.read_text().partition("[qualification]")
    tail = tail.replace("wanted = false", "wanted = true", 1).replace("clips = 5", f"clips = {clips}", 1)
    toml.write_text(head + "[qualification]" + tail.replace("attempts = 2", "attempts = 1", 1))


def test_clips_to_rank_lie_beside_the_pairs_where_the_study_asks_for_a_qualification(study: Path, earwitness) -> None:
    want_qualification(study, 3)

    ended = earwitness("pairs", "make", "--study", study, "--jobs", 1)

    assert ended.code == 0
    assert "sets of 3 clips that workers rank" in ended.err
    ranked = {clip.clip_id for one in read_ranking(study / "pairs") for clip in one.clips}
    assert ranked.isdisjoint(pair.clip_id for pair in read_manifest(study / "pairs"))
    assert earwitness("pairs", "verify", "--study", study).code == 0


def test_a_corpus_that_gives_no_sets_is_refused_before_anything_is_made(study: Path, earwitness) -> None:
    want_qualification(study, 8)

    ended = earwitness("pairs", "make", "--study", study, "--jobs", 1)

    assert ended.code == 1
    assert "Set qualification.wanted = false in study.toml" in " ".join(ended.err.split())
    assert not (study / "pairs").exists()


def test_a_qualification_without_clips_is_not_published(made: Path, earwitness) -> None:
    want_qualification(made, 3)

    ended = earwitness("hits", "publish", "--study", made, "--yes")

    assert ended.code == 1
    assert "which the qualification needs; `earwitness pairs make` writes it" in " ".join(ended.err.split())
