"""Pairs on disk against their manifest: whatever changed is named, and nothing else is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.clip import Clip
from pipelines.corpora.base import Problem
from pipelines.design import PairDesign, all_of
from pipelines.manifest import FILE_NAME, ManifestWrong
from pipelines.pairs import make_pairs
from pipelines.plan import plan_pairs
from pipelines.sound_file import write_flac
from pipelines.sounds.base import SoundBank
from pipelines.verify import verify_pairs

DESIGN = PairDesign(
    draws=(all_of(("nat-st", "fade-in")),),
    identical_controls=0,
    positive_controls=0,
    checks=0,
    practice=0,
    headroom_db=0,
)
RATE_HZ = 16000


@pytest.fixture
def pairs(clips: list[Clip], sounds: SoundBank, tmp_path: Path) -> Path:
    """Two clips under two conditions: two originals and four noisy twins."""
    plan = plan_pairs(clips[:2], DESIGN, 7, sounds=sounds)
    assert len(list(make_pairs(plan, sounds, DESIGN, tmp_path, 7))) == 4
    return tmp_path


@pytest.fixture
def noisy(pairs: Path) -> Path:
    """One of the twins."""
    return pairs / "noisy" / "c0--fade-in.flac"


def problems(folder: Path) -> list[Problem]:
    return [found for found in verify_pairs(folder) if isinstance(found, Problem)]


def rewrite(path: Path, *, sample_rate_hz: int = RATE_HZ, **how: str) -> None:
    samples, _ = soundfile.read(path, dtype="int16")
    soundfile.write(path, samples, sample_rate_hz, **how)


def test_untouched_pairs_agree_file_by_file(pairs: Path) -> None:
    found = list(verify_pairs(pairs))

    assert found == [
        pairs / path
        for path in (
            "original/c0.flac",
            "noisy/c0--nat-st.flac",
            "noisy/c0--fade-in.flac",
            "original/c1.flac",
            "noisy/c1--nat-st.flac",
            "noisy/c1--fade-in.flac",
        )
    ]


def make_missing(path: Path) -> None:
    path.unlink()


def replace_with_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def change_a_sample(path: Path) -> None:
    samples, _ = soundfile.read(path, dtype="float32")
    samples[1000] += 2 / 32768
    write_flac(path, samples, RATE_HZ)


def silence(path: Path) -> None:
    write_flac(path, np.zeros(8000, dtype=np.float32), RATE_HZ)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def overwrite(path: Path) -> None:
    path.write_bytes(b"not a sound at all" * 20)


def encode_anew(path: Path) -> None:
    rewrite(path, format="WAV", subtype="PCM_16")


def play_faster(path: Path) -> None:
    rewrite(path, format="FLAC", subtype="PCM_16", sample_rate_hz=22050)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (make_missing, "is missing; `earwitness pairs make` makes it again"),
        (replace_with_a_folder, "is missing"),
        (change_a_sample, "holds another sound than its line in the manifest; remove it"),
        (silence, "is silent.*; remove it, and `earwitness pairs make` makes it again"),
        (truncate, "(is cut off|can't be read).*; remove it"),
        (empty, "is empty.*; remove it"),
        (overwrite, "(holds no samples|can't be read as sound).*; remove it"),
        (encode_anew, "was encoded anew; its sound is the same, sample by sample"),
        (play_faster, "holds the right samples at another rate, so that it lasts 0.363 s instead of 0.500 s"),
    ],
    ids=lambda part: part.__name__ if callable(part) else "",
)
def test_a_file_that_differs_is_named_with_what_is_wrong_and_the_others_agree(
    pairs: Path, noisy: Path, harm: Callable[[Path], None], said: str
) -> None:
    harm(noisy)

    found = list(verify_pairs(pairs))

    (problem,) = (one for one in found if isinstance(one, Problem))
    assert problem.path == noisy
    assert str(noisy) in problem.sentence
    assert re.search(said, problem.sentence)
    assert len(found) == 6


def test_a_changed_original_is_named_once_for_all_its_pairs(pairs: Path) -> None:
    change_a_sample(pairs / "original" / "c0.flac")

    assert [problem.path for problem in problems(pairs)] == [pairs / "original" / "c0.flac"]


@pytest.mark.parametrize("where", ["noisy/stray.flac", "original/deep/stray.wav", "notes.txt"])
def test_a_file_that_does_not_belong_is_named(pairs: Path, where: str) -> None:
    (pairs / where).parent.mkdir(exist_ok=True)
    (pairs / where).write_bytes(b"who put me here?")

    (problem,) = problems(pairs)

    assert problem.sentence == f"{pairs / where} does not belong to these pairs; move it away"


def test_what_a_stopped_run_left_is_named_as_that(pairs: Path) -> None:
    (pairs / "noisy" / ".c1--fade-in.flac.7.part").write_bytes(b"half a file")

    (problem,) = problems(pairs)

    assert "belongs to a run that is going on or was stopped" in problem.sentence


def test_several_troubles_are_all_named(pairs: Path, noisy: Path) -> None:
    noisy.unlink()
    truncate(pairs / "original" / "c1.flac")
    (pairs / "noisy" / "stray.flac").write_bytes(b"")

    assert {problem.path.name for problem in problems(pairs)} == {noisy.name, "c1.flac", "stray.flac"}


def test_lines_that_describe_one_file_differently_are_named(pairs: Path) -> None:
    manifest = pairs / FILE_NAME
    header, first, *others = manifest.read_text().splitlines(keepends=True)
    row = json.loads(first)
    row["original_sha256"] = row["original_file_sha256"] = "0" * 64
    manifest.write_text("".join([header, json.dumps(row) + "\n", *others]))

    told = [problem.sentence for problem in problems(pairs)]

    assert any("described by two lines of the manifest that differ" in sentence for sentence in told)


def test_a_broken_manifest_is_an_error_and_no_list_of_strays(pairs: Path) -> None:
    with (pairs / FILE_NAME).open("a") as manifest:
        manifest.write('{"pair_id": "p')

    with pytest.raises(ManifestWrong, match="line 6"):
        list(verify_pairs(pairs))


@pytest.mark.parametrize(
    ("field", "value"),
    [("condition", "fade-out"), ("clip_id", "c1"), ("role", "positive"), ("seed", 1), ("pair_id", "p000000000000")],
)
def test_a_line_that_says_something_else_of_its_pair_is_found(pairs: Path, field: str, value: object) -> None:
    manifest = pairs / FILE_NAME
    lines = manifest.read_text().splitlines()
    changed = next(number for number, line in enumerate(lines) if "c0--fade-in.flac" in line)
    lines[changed] = json.dumps(json.loads(lines[changed]) | {field: value})
    manifest.write_text("\n".join(lines) + "\n")

    (found,) = problems(pairs)

    assert "somebody changed that line: fetch the manifest again, or make the pairs anew" in found.sentence


def test_controls_and_checks_agree_with_their_lines(clips: list[Clip], sounds: SoundBank, tmp_path: Path) -> None:
    design = DESIGN.model_copy(update={"identical_controls": 2, "positive_controls": 2, "checks": 4})
    plan = plan_pairs(clips, design, 7, sounds=sounds)
    made = list(make_pairs(plan, sounds, design, tmp_path, 7))

    assert {"obvious", "identical", "positive"} <= {pair.condition for pair in made}
    assert problems(tmp_path) == []
