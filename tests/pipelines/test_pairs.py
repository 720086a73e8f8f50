"""Pairs on disk: complete, the same every time, and resumed after a kill."""

import hashlib
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipelines.clip import Clip, Pair
from pipelines.corpora.base import Problem
from pipelines.design import PairDesign, all_of
from pipelines.manifest import Refusal, read_manifest
from pipelines.pairs import FolderTaken, make_pairs
from pipelines.parallel import Workers
from pipelines.plan import plan_pairs
from pipelines.sound_file import read_sound, sha256_of
from pipelines.sounds.base import SoundBank
from pipelines.whole_file import DiskFull

CONDITIONS = ("nat-st", "hum-co-0db", "fade-out", "fade-in")
DESIGN = PairDesign(draws=(all_of(CONDITIONS),), identical_controls=2, positive_controls=0, checks=4, practice=0)

FACTS = {"nat-st": ("nat", 10.0), "hum-co-0db": ("hum", 0.0), "fade-in": ("fade", None), "fade-out": ("fade", None)}

Make = Callable[..., list[Pair]]


@pytest.fixture
def make(clips: list[Clip], sounds: SoundBank) -> Make:
    def making(folder: Path, design: PairDesign = DESIGN, seed: int = 7, **options: object) -> list[Pair]:
        chosen: list[Clip] = options.pop("clips", clips)  # type: ignore[assignment]
        plan = plan_pairs(chosen, design, seed, sounds=sounds)
        return list(make_pairs(plan, sounds, design, folder, seed, **options))  # type: ignore[arg-type]

    return making


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_pairs_have_sound_hashes_and_provenance(make: Make, tmp_path: Path) -> None:
    pairs = make(tmp_path, DESIGN.model_copy(update={"draws": (all_of((*CONDITIONS, "speed-utterance-0.75x")),)}))

    assert len(pairs) == 8 * 5 + 2 + 4
    assert pairs == list(read_manifest(tmp_path))
    for pair in pairs:
        for path, length_s, sha256 in (
            (pair.original_path, pair.original_length_s, pair.original_sha256),
            (pair.noisy_path, pair.noisy_length_s, pair.noisy_sha256),
        ):
            samples = read_sound(tmp_path / path, 16000)
            assert len(samples) / 16000 == length_s
            assert sha256_of(samples) == sha256
        assert pair.clip["speaker"] in ("anna", "ben")
        assert bool(pair.sound_ids) == (pair.condition in ("nat-st", "hum-co-0db"))
        assert (pair.original_sha256 == pair.noisy_sha256) == (pair.condition == "identical")
        assert (pair.original_file_sha256, pair.noisy_file_sha256) == tuple(
            hashlib.sha256((tmp_path / path).read_bytes()).hexdigest() for path in (pair.original_path, pair.noisy_path)
        )
        assert len(pair.sound_sha256s) == len(pair.sound_ids)
        assert (pair.family, pair.snr_db) == FACTS.get(pair.condition, (pair.family, None))
        assert -60 < (pair.original_lufs or 0) < -5


def test_a_clip_has_one_original_for_all_its_pairs(make: Make, tmp_path: Path) -> None:
    pairs = make(tmp_path)

    assert len(list((tmp_path / "original").iterdir())) == 8
    assert len({(pair.clip_id, pair.original_sha256) for pair in pairs}) == 8


def test_an_obvious_pair_holds_the_other_clip(make: Make, tmp_path: Path) -> None:
    pairs = make(tmp_path)
    original_of = {pair.clip_id: tmp_path / pair.original_path for pair in pairs}
    obvious = [pair for pair in pairs if pair.condition == "obvious"]

    assert len(obvious) == 2
    for pair in obvious:
        other = read_sound(original_of[str(pair.params["other_clip_id"])], 16000)
        noisy = read_sound(tmp_path / pair.noisy_path, 16000)
        assert np.corrcoef(other, noisy)[0, 1] > 0.999


def test_speech_is_as_loud_in_every_twin_as_in_the_original_even_where_noise_leaves_no_room(
    make: Make, clips: list[Clip], tmp_path: Path
) -> None:
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, soundfile.read(clips[0].path)[0] * 2, 16000)
    draws = (all_of(("hum-co-0db", "fade-out", "nat-st")),)
    design = PairDesign(draws=draws, identical_controls=1, positive_controls=0, checks=0, practice=0, headroom_db=0)

    pairs = make(tmp_path / "pairs", design, clips=[replace(clips[0], path=loud)])

    assert {pair.gain_db for pair in pairs} == {pairs[0].gain_db}
    assert pairs[0].gain_db < -1
    original = read_sound(tmp_path / "pairs" / pairs[0].original_path, 16000)
    started = next(pair for pair in pairs if pair.condition == "nat-st")
    after_the_noise = slice(len(original) // 2 + 1, None)
    np.testing.assert_array_equal(
        read_sound(tmp_path / "pairs" / started.noisy_path, 16000)[after_the_noise], original[after_the_noise]
    )


def test_several_processes_make_the_same_bytes_as_one(make: Make, tmp_path: Path) -> None:
    one, two = make(tmp_path / "one"), make(tmp_path / "two", workers=Workers(2))

    assert one == two
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_finished_run_makes_nothing_anew(make: Make, tmp_path: Path) -> None:
    pairs = make(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}

    assert make(tmp_path) == pairs
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_run_that_the_caller_leaves_goes_on_where_it_was(
    make: Make, clips: list[Clip], sounds: SoundBank, tmp_path: Path, n_jobs: int
) -> None:
    whole = make(tmp_path / "whole")
    plan = plan_pairs(clips, DESIGN, 7, sounds=sounds)
    running = make_pairs(plan, sounds, DESIGN, tmp_path / "left", 7, workers=Workers(n_jobs))
    left = [next(running) for _ in range(6)]
    running.close()

    on_disk = list(read_manifest(tmp_path / "left"))
    assert on_disk[:6] == left
    assert len(on_disk) < len(whole)
    assert make(tmp_path / "left") == whole
    assert contents(tmp_path / "left") == contents(tmp_path / "whole")


SCRIPT = """
import pickle, sys
from pathlib import Path
from pipelines.pairs import make_pairs

plan, sounds, design, folder = pickle.loads(Path(sys.argv[1]).read_bytes())
for pair in make_pairs(plan, sounds, design, folder, 7):
    print(pair.pair_id, flush=True)
"""


@pytest.mark.parametrize("after", [1, 17])
def test_a_killed_run_is_resumed_to_the_same_bytes(
    make: Make, clips: list[Clip], sounds: SoundBank, tmp_path: Path, after: int
) -> None:
    make(tmp_path / "whole")
    task = tmp_path / "task.pickle"
    plan = plan_pairs(clips, DESIGN, 7, sounds=sounds)
    task.write_bytes(pickle.dumps((plan, sounds, DESIGN, tmp_path / "killed")))
    with subprocess.Popen([sys.executable, "-c", SCRIPT, task], stdout=subprocess.PIPE, cwd=Path.cwd()) as process:
        assert process.stdout is not None
        for _ in range(after):
            assert process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    killed = list(read_manifest(tmp_path / "killed"))
    assert after <= len(killed) < 38
    with (tmp_path / "killed" / "manifest.jsonl").open("a") as manifest:
        manifest.write('{"pair_id": "p')  # as when the power fails within a line
    (tmp_path / "killed" / "noisy" / ".x.flac.1.part").write_bytes(b"half a file")

    make(tmp_path / "killed")

    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_lost_sound_is_made_again_and_the_manifest_stays(make: Make, tmp_path: Path) -> None:
    pairs = make(tmp_path)
    before = contents(tmp_path)
    (tmp_path / pairs[0].noisy_path).unlink()
    (tmp_path / pairs[-1].original_path).unlink()

    assert make(tmp_path) == pairs
    assert contents(tmp_path) == before


def test_lost_sound_of_a_corpus_that_changed_is_not_replaced_in_silence(
    make: Make, clips: list[Clip], tmp_path: Path
) -> None:
    moved = [replace(clip, path=tmp_path / clip.path.name) for clip in clips]
    for clip, new in zip(clips, moved, strict=True):
        new.path.write_bytes(clip.path.read_bytes())
    (lost, *_) = make(tmp_path / "pairs", clips=moved)
    (tmp_path / "pairs" / lost.noisy_path).unlink()
    soundfile.write(moved[0].path, np.full(9000, 0.1), 16000)

    with pytest.raises(FolderTaken, match=f"pair {lost.pair_id} was missing, and made again it differs"):
        make(tmp_path / "pairs", clips=moved)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 8}, "seed 7, and this run has seed 8"),
        ({"design": DESIGN.model_copy(update={"checks": 2})}, "checks = 4, and this run has 2"),
    ],
)
def test_another_design_in_the_same_folder_is_refused(
    make: Make, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    make(tmp_path)
    before = contents(tmp_path)

    with pytest.raises(FolderTaken, match=f"{said}.*empty folder"):
        make(tmp_path, **changes)

    assert contents(tmp_path) == before


def test_a_folder_from_before_there_was_practice_goes_on_without_it(make: Make, tmp_path: Path) -> None:
    pairs = make(tmp_path)
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace('"practice": 0, ', ""))

    assert make(tmp_path) == pairs
    with pytest.raises(FolderTaken, match="practice = 0, and this run has 4"):
        make(tmp_path, design=DESIGN.model_copy(update={"practice": 4}))


def test_another_choice_of_clips_in_the_same_folder_is_refused(make: Make, clips: list[Clip], tmp_path: Path) -> None:
    make(tmp_path)

    with pytest.raises(FolderTaken, match="another choice of clips"):
        make(tmp_path, clips=clips[:-1])


def test_two_runs_at_once_in_one_folder_are_refused(
    make: Make, clips: list[Clip], sounds: SoundBank, tmp_path: Path
) -> None:
    running = make_pairs(plan_pairs(clips, DESIGN, 7, sounds=sounds), sounds, DESIGN, tmp_path, 7)
    next(running)

    with pytest.raises(FolderTaken, match="another run is making pairs"):
        make(tmp_path)
    running.close()


def test_what_can_not_be_paired_is_told_each_time_and_the_rest_is_made(
    make: Make, clips: list[Clip], tmp_path: Path
) -> None:
    (tmp_path / "gone.wav").write_bytes(b"")
    soundfile.write(tmp_path / "short.wav", np.full(200, 0.1), 16000)
    bad = [
        Clip("gone", tmp_path / "gone.wav", "anna", length_s=1),
        Clip("short", tmp_path / "short.wav", "anna", length_s=0.0125),
    ]
    design = DESIGN.model_copy(update={"identical_controls": 0, "checks": 0})
    for _ in range(2):
        told: list[Problem | Refusal] = []
        pairs = make(tmp_path / "pairs", design, clips=[*clips, *bad], on_problem=told.append)

        sentences = [problem.sentence for problem in told]
        assert sum("gone.wav is empty" in sentence for sentence in sentences) == 4
        assert sum("clip short can't be paired under" in sentence for sentence in sentences) == 2
        assert len(pairs) == 8 * 4 + 2
        assert {pair.condition for pair in pairs if pair.clip_id == "short"} == {"fade-in", "fade-out"}


def test_without_an_ear_for_problems_they_become_warnings(make: Make, clips: list[Clip], tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="the clips give 8 of 9 identical controls"):
        make(tmp_path, DESIGN.model_copy(update={"identical_controls": 9}))


@pytest.mark.parametrize(("largest", "what"), [(9000, "flac"), (25000, "manifest.jsonl")])
def test_a_full_disk_stops_with_a_sentence_and_a_second_run_completes(
    make: Make, tmp_path: Path, largest: int, what: str
) -> None:
    whole = make(tmp_path / "whole")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        with pytest.raises(DiskFull, match=rf"no room left to write .*{what}; nothing written before is lost"):
            make(tmp_path / "full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert make(tmp_path / "full") == whole
    assert contents(tmp_path / "full") == contents(tmp_path / "whole")


def test_headroom_turns_originals_and_twins_down_alike(make: Make, clips: list[Clip], tmp_path: Path) -> None:
    loud = make(tmp_path / "loud", DESIGN.model_copy(update={"headroom_db": 0.0}))
    soft = make(tmp_path / "soft", DESIGN.model_copy(update={"headroom_db": 6.0}))

    for one, other in zip(loud, soft, strict=True):
        if one.gain_db == other.gain_db == 0 and one.condition != "identical-reencoded":  # a codec is not linear
            for path in ("original_path", "noisy_path"):
                strong = read_sound(tmp_path / "loud" / getattr(one, path), 16000)
                weak = read_sound(tmp_path / "soft" / getattr(other, path), 16000)
                np.testing.assert_allclose(weak, strong * 10 ** (-6 / 20), atol=1e-4)


def test_a_clip_that_headroom_makes_silent_is_refused_since_nobody_could_hear_it(
    make: Make, clips: list[Clip], tmp_path: Path
) -> None:
    soft = tmp_path / "soft.wav"
    tone = np.sin(np.arange(16000) / 10).astype(np.float32) * np.float32(10 ** (-78 / 20))
    soundfile.write(soft, tone, 16000, subtype="FLOAT")
    told: list[Refusal] = []

    made = make(
        tmp_path / "pairs", clips=[*clips, replace(clips[0], clip_id="soft", path=soft)], on_problem=told.append
    )

    assert "soft" not in {pair.clip_id for pair in made}
    assert any("soft.wav is silent at 16000 Hz with a headroom of 6 dB" in problem.sentence for problem in told)
