"""A sound bank in two parts: what nets were trained with, and what attackers and tests have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.audio import Samples
from pipelines.corpora.base import Problem
from pipelines.sound_parts import SomeSounds, apart
from pipelines.sounds.base import Sound, SoundBank
from tests.pipelines.banks import burst, write_wav


class Pieces(SoundBank):
    """Sounds by family and recording, as (family, recording); their files are in a folder."""

    def __init__(self, root: Path, pieces: Sequence[tuple[str, int]]) -> None:
        super().__init__(root)
        self._pieces = pieces
        if not (root / "sound.wav").is_file():
            write_wav(root / "sound.wav", burst())

    def listed(self) -> Iterator[Sound | Problem]:
        for number, (family, recording) in enumerate(self._pieces):
            yield Sound(f"{family}-{number}", self.root / "sound.wav", family, "rain", source=str(recording))
        yield Problem(self.root / "broken.wav", "broken.wav can't be read")


PIECES = st.lists(st.tuples(st.sampled_from(["nat", "hum", "int"]), st.integers(0, 12)), min_size=1, max_size=40)


def ids(bank: SoundBank) -> set[str]:
    return {sound.sound_id for family in bank.families() for sound in bank.sounds(family)}


def recordings(bank: SoundBank, family: str | None = None) -> set[str]:
    return {sound.recording for each in bank.families() if family in (None, each) for sound in bank.sounds(each)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pieces")


@settings(max_examples=60)
@given(pieces=PIECES, share=st.floats(0.05, 0.95), seed=st.integers(0, 100))
def test_parts_share_no_recording_and_nothing_is_lost(
    folder: Path, pieces: list[tuple[str, int]], share: float, seed: int
) -> None:
    bank = Pieces(folder, pieces)
    first, second = apart(bank, share, seed)
    assert not recordings(first) & recordings(second)
    assert ids(first) | ids(second) == ids(bank)
    assert not ids(first) & ids(second)


@settings(max_examples=40)
@given(each=st.integers(2, 9), share=st.floats(0.01, 0.99), seed=st.integers(0, 100))
def test_each_family_is_in_both_parts(folder: Path, each: int, share: float, seed: int) -> None:
    families = ("nat", "hum", "int")
    pieces = [(family, 100 * place + number) for place, family in enumerate(families) for number in range(each)]
    for part in apart(Pieces(folder, pieces), share, seed):
        assert part.families() == tuple(sorted(families))


def test_the_share_is_that_of_the_recordings_of_each_family(folder: Path) -> None:
    bank = Pieces(folder, [("nat", n) for n in range(20)] + [("hum", 100 + n // 2) for n in range(20)])
    first, _ = apart(bank, 0.3, 1)
    assert len(recordings(first, "nat")) == 6
    assert len(recordings(first, "hum")) == 3
    assert len(first.sounds("hum")) == 6


def test_the_seed_decides(folder: Path) -> None:
    bank = Pieces(folder, [("nat", number) for number in range(20)])
    one, again, other = (ids(apart(bank, 0.5, seed)[0]) for seed in (1, 1, 2))
    assert one == again != other


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 2.0])
def test_a_share_that_leaves_a_part_empty_is_refused(folder: Path, share: float) -> None:
    with pytest.raises(ValueError, match=r"expected more than 0 and less than 1"):
        apart(Pieces(folder, [("nat", 1), ("nat", 2)]), share, 1)


class TestSomeSounds:
    @pytest.fixture
    def part(self, folder: Path) -> SoundBank:
        return SomeSounds(Pieces(folder, [("nat", 1), ("nat", 2), ("hum", 3)]), ["nat-1", "hum-2"])

    def test_only_its_own_sounds_are_offered_drawn_and_read(self, part: SoundBank) -> None:
        assert [sound.sound_id for sound in part.sounds("nat")] == ["nat-1"]
        assert part.families() == ("hum", "nat")
        rng = np.random.default_rng(1)
        assert {part.draw("nat", rng, 16000).sound_id for _ in range(10)} == {"nat-1"}
        found: Samples = part.samples("nat-1", 16000)
        assert len(found) == len(burst())
        assert part.sound("hum-2").family == "hum"

    def test_those_of_another_part_are_unknown(self, part: SoundBank) -> None:
        with pytest.raises(KeyError, match="nat-0"):
            part.sound("nat-0")
        with pytest.raises(KeyError, match="nat-0"):
            part.samples("nat-0", 16000)

    def test_what_the_bank_can_not_use_is_still_told(self, part: SoundBank) -> None:
        assert [problem.path.name for problem in part.problems()] == ["broken.wav"]
