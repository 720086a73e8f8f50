"""Frames on disk: whole or absent, whoever writes, dies or tampers."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

import models.hearing.file_hashes
from models.hearing.feature_cache import (
    MAPS,
    CacheUnusable,
    FeatureCache,
    Frames,
    FramesGone,
    Outcome,
    Shard,
    Size,
    prune,
    size_of,
    sweep,
)
from models.hearing.file_hashes import FileHashes
from pipelines.whole_file import DiskFull

NAME = "ab" * 32
ROOT = Path(__file__).parents[2]

WRITER = """
import os, signal, sys
from pathlib import Path
import numpy as np
from models.hearing.feature_cache import FeatureCache

folder, name, killed = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "killed"
if killed:
    os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
else:
    print("ready", flush=True)
    sys.stdin.readline()
frames = [np.full((1000, 40), number, dtype=np.float32) for number in range(64)]
shard = FeatureCache(folder).put(name, frames, (40,))
print(float(shard.frames().sum()))
"""


def outcomes(*lengths: int | str) -> list[Outcome]:
    return [
        length if isinstance(length, str) else np.random.default_rng(length).normal(size=(length, 4)).astype(np.float32)
        for length in lengths
    ]


def put(folder: Path, name: str = NAME) -> Shard:
    return FeatureCache(folder).put(name, outcomes(3, "too short", 5), (4,))


def found(folder: Path, name: str = NAME, *, clips: int = 3, verify: bool = False) -> Shard | None:
    return FeatureCache(folder, verify=verify).find(name, clips, (4,))


def writer(folder: Path, how: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), NAME, how]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


@settings(max_examples=15, deadline=None)
@given(lengths=st.lists(st.one_of(st.integers(1, 9), st.text(max_size=20)), max_size=6))
def test_what_is_kept_is_found_again(lengths: list[int | str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cache")
    ids = [f"clip-{place}" for place in range(len(lengths))]
    FeatureCache(folder).put(NAME, outcomes(*lengths), (4,))
    shard = found(folder, clips=len(lengths))
    assert shard is not None

    frames = Frames()
    refused = frames.take(ids, shard)

    assert refused == {name: kept for name, kept in zip(ids, lengths, strict=True) if isinstance(kept, str)}
    for name, kept in zip(ids, outcomes(*lengths), strict=True):
        if not isinstance(kept, str):
            np.testing.assert_array_equal(frames[name], kept)


def test_frames_from_a_cache_can_not_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        put(tmp_path).frames()[:] = 0


def test_a_shard_is_a_safetensors_file(tmp_path: Path) -> None:
    tensors = load_file(put(tmp_path).path)
    assert tensors["lengths"].tolist() == [3, 0, 5]
    np.testing.assert_array_equal(tensors["frames"], np.concatenate([outcomes(3)[0], outcomes(5)[0]]))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[: len(content) // 3],
        lambda content: b"",
        lambda content: content + b"\0",
        lambda content: b"\xff" * len(content),
        lambda content: content[:8] + b"[" * (len(content) - 8),
        lambda content: content.replace(b'"lengths"', b'"strides"'),
        lambda content: content.replace(b"abab", b"baba"),
    ],
    ids=["a byte short", "cut off", "empty", "a byte long", "noise", "no header", "other arrays", "another's"],
)
def test_a_damaged_shard_counts_as_absent_and_is_made_again(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = put(tmp_path).path
    whole = path.read_bytes()
    path.write_bytes(damage(whole))

    assert found(tmp_path) is None
    put(tmp_path)
    assert path.read_bytes() == whole


def test_a_flipped_bit_is_found_out_on_request(tmp_path: Path) -> None:
    path = put(tmp_path).path
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    assert found(tmp_path) is not None
    assert found(tmp_path, verify=True) is None
    FeatureCache(tmp_path, verify=True).put(NAME, outcomes(3, "too short", 5), (4,))
    assert found(tmp_path, verify=True) is not None


def test_a_shard_of_other_clips_or_other_frames_is_none(tmp_path: Path) -> None:
    put(tmp_path)
    assert found(tmp_path, clips=4) is None
    assert FeatureCache(tmp_path).find(NAME, 3, (5,)) is None


def test_two_processes_that_write_one_shard_at_once_leave_it_whole(tmp_path: Path) -> None:
    with writer(tmp_path, "well") as one, writer(tmp_path, "well") as other:
        for each in (one, other):
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in (one, other):
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        said = [each.communicate()[0] for each in (one, other)]

    assert said == [f"{40000.0 * sum(range(64))}\n"] * 2
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".safetensors"]


def test_a_writer_that_is_killed_leaves_no_shard_and_no_junk_for_ever(tmp_path: Path) -> None:
    with writer(tmp_path, "killed") as killed:
        assert killed.wait() == -signal.SIGKILL
    [part] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert FeatureCache(tmp_path).find(NAME, 64, (40,)) is None

    sweep(tmp_path)
    assert part.exists()  # it may be another's, who still writes
    os.utime(part, (time.time() - 4000,) * 2)
    sweep(tmp_path)
    assert not part.exists()


def test_a_full_disk_is_said_in_a_sentence_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull, match="no room left"):
        put(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_cache_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(CacheUnusable, match="can't be used: .* name a folder that this user may write to"):
        put(tmp_path / "cache")


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    names = ["0a" * 32, "0b" * 32, "0c" * 32]
    for age, name in enumerate(names):
        os.utime(put(tmp_path, name).path, (time.time() - 100 + age,) * 2)
    one = size_of(tmp_path).bytes // 3
    assert found(tmp_path, names[0])  # so it was of use just now

    assert prune(tmp_path, 2 * one) == Size(1, one)

    assert [name for name in names if found(tmp_path, name)] == [names[0], names[2]]
    assert prune(tmp_path, 0) == Size(2, 2 * one)
    assert size_of(tmp_path) == Size(0, 0)


def test_no_cache_has_no_size(tmp_path: Path) -> None:
    assert size_of(tmp_path / "none") == prune(tmp_path / "none", 0) == Size(0, 0)


def test_frames_go_to_other_processes_as_names_of_files(tmp_path: Path) -> None:
    frames = Frames()
    frames.take(["a", "b", "c"], FeatureCache(tmp_path).put(NAME, outcomes(3, "no", 5000), (4,)))
    sent = pickle.dumps(frames)
    assert len(sent) < 2000
    np.testing.assert_array_equal(pickle.loads(sent)["c"], frames["c"])


def test_frames_that_were_removed_while_in_use_are_named(tmp_path: Path) -> None:
    shard = put(tmp_path)
    prune(tmp_path, 0)
    with pytest.raises(FramesGone, match="clear a cache only when nothing trains"):
        shard.frames()


def test_any_number_of_shards_holds_few_files_open(tmp_path: Path) -> None:
    frames = Frames()
    for number in range(MAPS + 20):
        shard = FeatureCache(tmp_path).put(f"{number:064x}", outcomes(2), (4,))
        frames.take([str(number)], shard)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    assert sum(len(clip) for clip in frames.values()) == 2 * len(frames)
    assert len(os.listdir("/proc/self/fd")) <= before + MAPS  # noqa: PTH208


class TestFileHashes:
    """The hashes of files."""

    @pytest.fixture
    def old_file(self, tmp_path: Path) -> Path:
        path = tmp_path / "speech.wav"
        path.write_bytes(b"sound")
        os.utime(path, (1_000_000,) * 2)
        return path

    def test_a_file_is_read_once(self, old_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        hashes = FileHashes(tmp_path / "hashes.json")
        first = hashes.sha256(old_file)
        hashes.save()
        monkeypatch.setattr(
            models.hearing.file_hashes, "file_sha256", lambda path: pytest.fail(f"{path} was read again")
        )
        assert FileHashes(tmp_path / "hashes.json").sha256(old_file) == first

    def test_a_file_that_changed_is_read_again(self, old_file: Path, tmp_path: Path) -> None:
        hashes = FileHashes(tmp_path / "hashes.json")
        first = hashes.sha256(old_file)
        old_file.write_bytes(b"noise")
        assert hashes.sha256(old_file) != first

    def test_a_file_that_is_still_warm_is_not_trusted(self, old_file: Path, tmp_path: Path) -> None:
        hashes = FileHashes(tmp_path / "hashes.json")
        old_file.touch()
        changed_ns = old_file.stat().st_mtime_ns
        first = hashes.sha256(old_file)
        old_file.write_bytes(b"noise")
        os.utime(old_file, ns=(changed_ns, changed_ns))  # within one tick of a coarse clock
        assert hashes.sha256(old_file) != first

    def test_what_two_processes_found_is_kept(self, old_file: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.wav"
        other.write_bytes(b"other")
        os.utime(other, (1_000_000,) * 2)
        one, two = FileHashes(tmp_path / "hashes.json"), FileHashes(tmp_path / "hashes.json")
        one.sha256(old_file)
        two.sha256(other)
        one.save()
        two.save()
        kept = (tmp_path / "hashes.json").read_text()
        assert "speech.wav" in kept
        assert "other.wav" in kept

    @pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": 1}', '{"a": ["x", 2, 3]}'])
    def test_a_spoilt_list_counts_as_empty(self, content: str, old_file: Path, tmp_path: Path) -> None:
        (tmp_path / "hashes.json").write_text(content)
        assert len(FileHashes(tmp_path / "hashes.json").sha256(old_file)) == 64

    def test_a_folder_that_nobody_may_write_to_is_no_trouble(self, old_file: Path) -> None:
        hashes = FileHashes(old_file / "hashes.json")
        hashes.sha256(old_file)
        hashes.save()
