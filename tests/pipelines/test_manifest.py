"""The manifest: what is written is read, and what is broken is named with its line."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clip import Pair
from pipelines.manifest import (
    Header,
    ManifestWrong,
    Refusal,
    append,
    drop_broken_end,
    line_of,
    read_entries,
    read_header,
    read_manifest,
    write_manifest,
)
from pipelines.whole_file import DiskFull

HEADER = Header(1, {"conditions": ["fade-in"]}, "c" * 64, "s" * 64)
REFUSAL = Refusal("p2", "c2", "fade-in", "clip c2 is silent")

text = st.text(max_size=20)
numbers = st.integers(-(2**48), 2**48) | st.floats(allow_nan=False, allow_infinity=False)
params = st.dictionaries(text, text | numbers | st.booleans() | st.none() | st.lists(text), max_size=4)
names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10)
pairs = st.builds(
    Pair,
    pair_id=text,
    clip_id=text,
    condition=text,
    role=st.sampled_from(["study", "identical", "positive", "check", "practice"]),
    original_path=names.map(lambda name: Path("original", name)),
    noisy_path=names.map(lambda name: Path("noisy", name)),
    original_length_s=st.floats(0, 100),
    noisy_length_s=st.floats(0, 100),
    original_sha256=text,
    noisy_sha256=text,
    seed=st.integers(0, 2**48),
    params=params,
    gain_db=st.floats(-60, 0),
    sound_ids=st.lists(text, max_size=2).map(tuple),
    simulated=st.booleans(),
    clip=st.dictionaries(text, text | st.booleans() | st.none(), max_size=3),
)


def pair(**changes: object) -> Pair:
    values = {
        "pair_id": "p1", "clip_id": "c1", "condition": "fade-in", "role": "study",
        "original_path": Path("original/c1.flac"), "noisy_path": Path("noisy/c1.flac"),
        "original_length_s": 1.0, "noisy_length_s": 1.0, "original_sha256": "a", "noisy_sha256": "b",
        "seed": 1, "params": {"percent_per_second": 2.0},
    }  # fmt: skip
    return Pair(**values | changes)  # type: ignore[arg-type]


@given(entries=st.lists(pairs | st.builds(Refusal, text, text, text, text), max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, entries: list[Pair | Refusal]) -> None:
    path = tmp_path_factory.mktemp("m") / "manifest.jsonl"
    write_manifest(path, HEADER, entries)

    assert read_header(path) == HEADER
    assert list(read_entries(path)) == entries
    assert list(read_manifest(path.parent)) == [entry for entry in entries if isinstance(entry, Pair)]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["not json"], r"line 1: found 'not json'; expected a JSON object"),
        (['{"format": "something else"}'], r"line 1: found the format 'something else'"),
        (['{"format": "earwitness pairs", "version": 9}'], r"line 1: found version 9; expected 2"),
        (['{"format": "earwitness pairs", "version": 2}'], r"line 1: found no 'seed'"),
        ([line_of(HEADER), line_of(pair()), "[]"], r"line 3: found '\[\]'"),
        ([line_of(HEADER), '{"pair_id": "p"}'], r"line 2: found a pair with wrong fields"),
        (["[" * 99999], r"line 1: found '\[\["),
        ([line_of(HEADER).replace('"design": {', '"design": 5, "was": {')], r"line 1: found 5 as design; expected"),
        ([line_of(HEADER), line_of(pair(gain_db="much"))], r"line 2: found 'much' as gain_db; expected .* float"),
        ([line_of(HEADER), line_of(pair(gain_db=0.5)).replace("0.5", "NaN")], r"line 2: found .* expected a JSON"),
        ([line_of(HEADER), line_of(pair(pair_id={}))], r"line 2: found {} as pair_id"),
        ([line_of(HEADER), line_of(pair(condition=["x"]))], r"line 2: found \['x'\] as condition"),
        ([line_of(HEADER), line_of(pair(noisy_path=Path("../x.flac")))], r"line 2: found the noisy_path '../x.flac'"),
        ([line_of(HEADER), line_of(pair(original_path=Path("/x.flac")))], r"expected a path below the folder"),
        ([line_of(HEADER), line_of(replace(REFUSAL, reason=5))], r"line 2: found 5 as reason"),
        ([line_of(HEADER), line_of(pair(role="friend"))], r"line 2: found the role 'friend'; expected one of study"),
    ],
)  # fmt: skip
def test_a_broken_line_is_named_with_its_number(tmp_path: Path, lines: list[str], said: str) -> None:
    path = tmp_path / "manifest.jsonl"
    path.write_text("".join(line.rstrip("\n") + "\n" for line in lines))

    with pytest.raises(ManifestWrong, match=said):
        list(read_manifest(path))


def test_a_half_written_end_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    whole = line_of(HEADER) + line_of(pair())
    path.write_text(whole + line_of(pair(pair_id="p2"))[:40])

    drop_broken_end(path)

    assert path.read_text() == whole


def test_a_full_disk_is_said_in_a_sentence() -> None:
    with Path("/dev/full").open("ab", buffering=0) as file, pytest.raises(DiskFull, match="no room left"):
        append(file, [REFUSAL])
