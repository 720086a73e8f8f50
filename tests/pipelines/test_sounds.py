"""What every sound bank promises, on a small folder in its own layout."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import pipelines.sounds
from pipelines.sounds.base import FAMILIES, SoundBank, SoundsNotFound
from pipelines.sounds.esc50 import Esc50
from pipelines.variants import load, variant_names

ESC50_ROWS = [
    ("1-100-A-10", 10, "rain"),
    ("1-101-A-16", 16, "wind"),
    ("1-102-A-24", 24, "coughing"),
    ("1-103-A-25", 25, "footsteps"),
    ("1-104-A-20", 20, "crying_baby"),
    ("1-105-A-26", 26, "laughing"),
    ("1-106-A-36", 36, "vacuum_cleaner"),
    ("1-107-A-32", 32, "keyboard_typing"),
    ("1-108-A-0", 0, "dog"),
]


def write_wav(path: Path, samples: np.ndarray, sample_rate_hz: int = 16000) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, sample_rate_hz)


def burst(length: int = 8000) -> np.ndarray:
    return (0.2 * np.random.default_rng(0).standard_normal(length)).astype(np.float32)


def make_esc50(root: Path, request: pytest.FixtureRequest) -> Path:
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    for stem, target, category in ESC50_ROWS:
        padded = np.concatenate([np.zeros(2000), burst(), np.zeros(12050)]).astype(np.float32)
        write_wav(root / "audio" / f"{stem}.wav", padded, 22050)
        lines.append(f"{stem}.wav,1,{target},{category},False,1,A")
    (root / "meta").mkdir()
    (root / "meta" / "esc50.csv").write_text("\n".join(lines))
    return root


def make_demo(root: Path, request: pytest.FixtureRequest) -> Path:
    shutil.copytree(request.getfixturevalue("sounds_root"), root, dirs_exist_ok=True)
    return root


#: One line here puts a new sound bank under every test below.
SAMPLES: dict[str, Callable[[Path, pytest.FixtureRequest], Path]] = {"esc50": make_esc50, "demo": make_demo}

banks = pytest.mark.parametrize("name", variant_names(pipelines.sounds))


@pytest.fixture
def root(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    assert name in SAMPLES, f"add a small folder in the layout of {name} to SAMPLES"
    return SAMPLES[name](tmp_path, request)


def opened(name: str, root: Path) -> SoundBank:
    return load(pipelines.sounds, name, SoundBank)(root)


@banks
class TestEverySoundBank:
    def test_each_family_has_sounds_in_a_stable_order(self, name: str, root: Path) -> None:
        for family in FAMILIES:
            sounds = opened(name, root).sounds(family)
            assert sounds == opened(name, root).sounds(family)
            assert {sound.family for sound in sounds} == {family}

    def test_laughing_and_crying_are_no_background(self, name: str, root: Path) -> None:
        categories = {sound.category for family in FAMILIES for sound in opened(name, root).sounds(family)}

        assert not categories & {"laughing", "crying_baby"}

    def test_sounds_come_at_the_rate_that_is_asked_for_and_without_padding(self, name: str, root: Path) -> None:
        bank = opened(name, root)
        for family in FAMILIES:
            for sound in bank.sounds(family):
                at_16, at_8 = bank.samples(sound.sound_id, 16000), bank.samples(sound.sound_id, 8000)
                assert at_16.dtype == np.float32
                assert len(at_8) == pytest.approx(len(at_16) / 2, rel=0.02)
                assert np.abs(at_16[[0, -1]]).max() > 0

    def test_a_drawing_depends_on_the_seed_alone(self, name: str, root: Path) -> None:
        draws = [opened(name, root).draw("nat", np.random.default_rng(seed)) for seed in (1, 1, 2, 3, 4, 5, 6)]

        assert draws[0] == draws[1]
        assert len(set(draws)) > 1

    def test_silent_and_missing_files_are_listed_as_problems_and_never_offered(self, name: str, root: Path) -> None:
        silent, missing = (opened(name, root).sounds("nat")[index] for index in (0, 1))
        write_wav(silent.path, np.zeros(16000, dtype=np.float32))
        missing.path.unlink()

        bank = opened(name, root)

        assert {problem.path for problem in bank.problems()} == {silent.path, missing.path}
        assert not {silent, missing} & set(bank.sounds("nat"))

    def test_a_folder_that_is_no_such_bank_is_refused_at_once(self, name: str, root: Path) -> None:
        for wrong in (root / "absent", root / "wav", root / "audio"):
            with pytest.raises(SoundsNotFound, match=r"no .* sounds in .*expected"):
                opened(name, wrong)


def test_esc50_families_follow_its_classes(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    bank = Esc50(make_esc50(tmp_path, request))

    categories = {family: [sound.category for sound in bank.sounds(family)] for family in FAMILIES}

    assert categories == {
        "nat": ["rain", "wind"],
        "hum": ["coughing", "footsteps"],
        "int": ["vacuum_cleaner", "keyboard_typing"],
    }


def test_esc50_padding_is_cut_off(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    bank = Esc50(make_esc50(tmp_path, request))

    assert len(bank.samples("1-100-A-10", 22050)) == pytest.approx(8000, abs=10)


def test_a_family_without_sounds_is_named(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    root = make_esc50(tmp_path, request)
    for stem in ("1-100-A-10", "1-101-A-16"):
        (root / "audio" / f"{stem}.wav").unlink()

    with pytest.raises(LookupError, match="no usable sound of the family 'nat'"):
        Esc50(root).draw("nat", np.random.default_rng(0))
