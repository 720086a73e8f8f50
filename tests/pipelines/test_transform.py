"""Safe noise for training: only what a whitelist allows, the same for the same rng, in sentences where it can't."""

from __future__ import annotations

import io
import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from analysis.verdicts import Verdict
from analysis.whitelist import SimulatedWhitelist, Whitelist
from analysis.whitelist_parts import BankPlace
from pipelines.audio import Samples, Speech
from pipelines.conditions import UnknownCondition, condition
from pipelines.sounds.base import SoundBank
from pipelines.transform import NothingFits, NothingSafe, SafeNoise, SamplesWrong, SoundsUnknown
from pipelines.variants import UnknownVariant
from tests.whitelists import verdict
from tests.whitelists import whitelist as sealed

ROOT = Path(__file__).parents[2]
RATE_HZ = 16000
SAFE: Verdict = "SAFE"
OPEN: Verdict = "UNDECIDED"
UNSAFE: Verdict = "UNSAFE"


def whitelist(**more: Any) -> Whitelist:
    conditions = more.pop("conditions", None) or (verdict("nat-st", SAFE, SAFE), verdict("fade-in", SAFE, SAFE))
    return sealed(*conditions, **more)


@pytest.fixture
def samples(speech: Speech) -> Samples:
    return speech.samples


def conditions_met(augment: SafeNoise, samples: Samples, times: int = 40, **utterance: Any) -> set[str | None]:
    return {
        augment.change(samples, RATE_HZ, np.random.default_rng(seed), **utterance).condition for seed in range(times)
    }


def test_only_safe_conditions_are_ever_applied(samples: Samples, sounds: SoundBank) -> None:
    judged = (
        verdict("nat-st", SAFE, SAFE),
        verdict("fade-in", SAFE, SAFE),
        verdict("fade-out", SAFE, OPEN),
        verdict("hum-co-0db", UNSAFE, UNSAFE),
    )

    assert conditions_met(SafeNoise(whitelist(conditions=judged), sounds=sounds), samples) == {"nat-st", "fade-in"}


@pytest.mark.parametrize(
    ("dimension", "safe"),
    [(None, {"fade-in"}), ("activation", {"fade-in", "nat-st"}), ("valence", {"fade-in", "hum-st"})],
)
def test_one_dimension_may_be_enough(samples: Samples, sounds: SoundBank, dimension: Any, safe: set[str]) -> None:
    judged = (verdict("fade-in", SAFE, SAFE), verdict("nat-st", SAFE, UNSAFE), verdict("hum-st", OPEN, SAFE))

    augment = SafeNoise(whitelist(conditions=judged), sounds=sounds, dimension=dimension)

    assert conditions_met(augment, samples) == safe


@given(seed=st.integers(0, 2**32), length=st.integers(1600, 20000), loud=st.floats(0.001, 1))
def test_what_comes_back_is_sound_within_full_scale_and_the_input_stays(
    sounds: SoundBank, seed: int, length: int, loud: float
) -> None:
    judged = [verdict(name, SAFE, SAFE) for name in ("nat-st", "hum-co-0db", "fade-in", "speed-utterance-1.25x")]
    augment = SafeNoise(whitelist(conditions=tuple(judged)), sounds=sounds)
    samples = loud * np.sin(np.arange(length) / 3)
    before = samples.copy()

    noisy = augment(samples, RATE_HZ, np.random.default_rng(seed))

    assert noisy.dtype == np.float32
    assert noisy.ndim == 1
    assert np.abs(noisy).max() <= 1
    np.testing.assert_array_equal(samples, before)


def test_the_same_rng_gives_the_same_sound_and_another_another(samples: Samples, sounds: SoundBank) -> None:
    augment = SafeNoise(whitelist(conditions=(verdict("nat-co-0db", SAFE, SAFE),)), sounds=sounds)
    one, same, other = (augment.change(samples, RATE_HZ, np.random.default_rng(seed)) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one.samples, same.samples)
    assert (one.condition, one.params) == (same.condition, same.params)
    assert not np.array_equal(one.samples, other.samples)


def test_without_an_rng_chance_is_fresh(samples: Samples, sounds: SoundBank) -> None:
    augment = SafeNoise(whitelist(conditions=(verdict("nat-co-0db", SAFE, SAFE),)), sounds=sounds)

    assert len({augment(samples, RATE_HZ).tobytes() for _ in range(5)}) > 1


def test_what_was_done_is_told_and_can_be_done_again(samples: Samples, sounds: SoundBank) -> None:
    augment = SafeNoise(whitelist(conditions=(verdict("hum-co-0db", SAFE, SAFE),)), sounds=sounds)

    done = augment.change(samples, RATE_HZ, np.random.default_rng(1))

    assert done.condition == "hum-co-0db"
    again = condition("hum-co-0db").apply(
        Speech(samples, RATE_HZ), json.loads(json.dumps(done.params)), sounds
    ) * 10 ** (done.gain_db / 20)
    np.testing.assert_allclose(done.samples, again, atol=1e-6)


@pytest.mark.parametrize(("p", "least", "most"), [(0.0, 0, 0), (0.3, 10, 55), (1.0, 100, 100)])
def test_p_is_the_share_of_clips_that_are_changed(
    samples: Samples, sounds: SoundBank, p: float, least: int, most: int
) -> None:
    augment = SafeNoise(whitelist(), sounds=sounds, p=p)
    done = [augment.change(samples, RATE_HZ, np.random.default_rng(seed)) for seed in range(100)]

    changed = [one for one in done if one.condition]
    assert least <= len(changed) <= most
    for one in done:
        assert np.array_equal(one.samples, samples) == (one.condition is None)
        assert one.samples is not samples


def test_the_settings_of_the_study_are_those_that_are_applied(samples: Samples, sounds: SoundBank) -> None:
    judged = (verdict("nat-co-7db", SAFE, SAFE),)
    made = {"nat-co-7db": {"noise": "background", "sounds_of": "nat", "position": "co", "snr_db": 7.0}}

    done = SafeNoise(whitelist(conditions=judged, noises=made), sounds=sounds).change(samples, RATE_HZ)

    assert (done.condition, done.params["snr_db"]) == ("nat-co-7db", 7.0)


def test_a_condition_that_the_clip_can_not_carry_gives_way_to_another(speech: Speech, sounds: SoundBank) -> None:
    judged = (verdict("drop-words", SAFE, SAFE), verdict("fade-in", SAFE, SAFE))
    augment = SafeNoise(whitelist(conditions=judged), sounds=sounds)
    aligned = {"words": speech.words, "phones": speech.phones, "language": "en", "speaker": speech.speaker}

    assert conditions_met(augment, speech.samples) == {"fade-in"}
    assert conditions_met(augment, speech.samples, **aligned) == {"drop-words", "fade-in"}


def test_a_clip_that_can_carry_none_is_refused_with_every_reason(sounds: SoundBank) -> None:
    augment = SafeNoise(
        whitelist(conditions=(verdict("nat-st", SAFE, SAFE), verdict("hum-st", SAFE, SAFE))), sounds=sounds
    )

    with pytest.raises(NothingFits, match=r"none of the 2 safe conditions \(.*the clip lasts 0.006 s.*") as refused:
        augment(np.full(100, 0.1), RATE_HZ)

    assert set(pickle.loads(pickle.dumps(refused.value)).reasons) == {"nat-st", "hum-st"}


class TestSounds:
    def test_the_study_s_own_banks_are_drawn_from(self, samples: Samples, sounds_root: Path) -> None:
        place = BankPlace(name="demo", path=str(sounds_root))
        done = SafeNoise(whitelist(sounds=(place,), conditions=(verdict("nat-st", SAFE, SAFE),))).change(
            samples, RATE_HZ
        )

        assert done.condition == "nat-st"

    def test_folders_may_be_named_instead(self, samples: Samples, sounds_root: Path) -> None:
        gone = (BankPlace(name="demo", path="/no/such/folder"),)

        augment = SafeNoise(whitelist(sounds=gone), sounds={"demo": str(sounds_root)})

        assert conditions_met(augment, samples) == {"nat-st", "fade-in"}

    def test_without_sounds_the_other_conditions_are_left(self, samples: Samples) -> None:
        assert conditions_met(SafeNoise(whitelist(), sounds={}), samples) == {"fade-in"}

    @pytest.mark.parametrize(
        ("places", "said"),
        [
            ((), "its whitelist does not say where they are; say where they are"),
            (
                (BankPlace(name="demo", path="/no/such/folder"),),
                "no demo sounds in /no/such/folder.*; say where they are",
            ),
        ],
    )
    def test_sounds_that_are_not_there_are_asked_for(self, places: tuple, said: str) -> None:
        with pytest.raises(SoundsUnknown, match=said):
            SafeNoise(whitelist(sounds=places))


class TestRefusing:
    def test_simulated_listeners_unless_forced(self, samples: Samples, sounds: SoundBank) -> None:
        with pytest.raises(SimulatedWhitelist):
            SafeNoise(whitelist(simulated=True), sounds=sounds)

        assert SafeNoise(whitelist(simulated=True), sounds=sounds, force=True)(samples, RATE_HZ).size

    def test_a_whitelist_that_allows_nothing(self, sounds: SoundBank) -> None:
        judged = (verdict("nat-st", UNSAFE, SAFE),)

        with pytest.raises(NothingSafe, match="calls no condition SAFE in activation and valence"):
            SafeNoise(whitelist(conditions=judged), sounds=sounds)
        with pytest.raises(NothingSafe, match="SAFE in activation, so"):
            SafeNoise(whitelist(conditions=judged), sounds=sounds, dimension="activation")

    def test_a_condition_of_a_noise_that_is_not_installed(self, sounds: SoundBank) -> None:
        with pytest.raises(UnknownCondition, match="no condition named 'kazoo'"):
            SafeNoise(whitelist(conditions=(verdict("kazoo", SAFE, SAFE),)), sounds=sounds)
        with pytest.raises(UnknownVariant, match="no 'kazoo' among the noises"):
            SafeNoise(whitelist(noises={"loud-kazoo": {"noise": "kazoo"}}), sounds=sounds)

    @pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
    def test_a_p_that_is_no_share(self, sounds: SoundBank, p: float) -> None:
        with pytest.raises(ValueError, match="expected the share of clips to change"):
            SafeNoise(whitelist(), sounds=sounds, p=p)

    @pytest.mark.parametrize(
        ("wrong", "rate_hz", "said"),
        [
            (np.zeros((2, 100), np.float32), RATE_HZ, r"have the shape \(2, 100\)"),
            (np.zeros(0, np.float32), RATE_HZ, r"have the shape \(0,\)"),
            (np.zeros(100, np.int16), RATE_HZ, "are int16"),
            (np.array([0.1, np.nan]), RATE_HZ, "NaN"),
            ([[0.1], [0.1, 0.2]], RATE_HZ, "are no array"),
            (np.full(100, 3e4), RATE_HZ, "reach 30000"),
            (np.full(100, 1e300), RATE_HZ, r"reach 1e\+300"),
            (np.zeros(100, np.float32), 0, "0 of them a second"),
            (np.zeros(100, np.float32), 1, "1 of them a second"),
            (np.zeros(100, np.float32), float("inf"), "inf of them a second"),
            (np.zeros(100, np.float32), "16000", "'16000' of them a second"),
        ],
    )
    def test_what_is_no_clip(self, sounds: SoundBank, wrong: ArrayLike, rate_hz: int, said: str) -> None:
        with pytest.raises(SamplesWrong, match=f"{said}.*; expected one clip as floats"):
            SafeNoise(whitelist(), sounds=sounds)(wrong, rate_hz)


def test_it_survives_the_way_to_a_worker(samples: Samples, sounds_root: Path) -> None:
    augment = SafeNoise(whitelist(), sounds={"demo": sounds_root})

    there = pickle.loads(pickle.dumps(augment))

    expected = augment(samples, RATE_HZ, np.random.default_rng(3))
    np.testing.assert_array_equal(there(samples, RATE_HZ, np.random.default_rng(3)), expected)


def test_nothing_is_read_again_at_a_call(
    samples: Samples, sounds_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whitelist(sounds=(BankPlace(name="demo", path=str(sounds_root)),)).save(tmp_path / "whitelist.json")
    augment = SafeNoise(Whitelist.load(tmp_path / "whitelist.json"))
    conditions_met(augment, samples)  # decodes what these seeds draw
    opened: list[object] = []
    for module, name in ((io, "open"), (soundfile, "SoundFile")):
        real = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda path, *more, real=real, **how: opened.append(path) or real(path, *more, **how)
        )

    assert conditions_met(augment, samples) == {"nat-st", "fade-in"}

    assert opened == []
    assert (tmp_path / "whitelist.json").read_text()
    assert opened == [tmp_path / "whitelist.json"]  # so that the ear is known to hear


def examples() -> list[str]:
    """The code of docs/augment.md, block by block."""
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "augment.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def study(tmp_path: Path, sounds_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the examples of the documentation find what they name."""
    (tmp_path / "my-sounds").symlink_to(sounds_root)
    (tmp_path / "my-study").mkdir()
    place = BankPlace(name="demo", path=str(tmp_path / "my-sounds"))
    whitelist(sounds=(place,)).save(tmp_path / "my-study" / "whitelist.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_examples_of_the_documentation_run(study: Path, samples: Samples) -> None:
    names: dict[str, Any] = {"samples": samples}
    for example in examples()[:-1]:
        exec(compile(example, "docs/augment.md", "exec"), names)

    assert len(examples()) == 4
    assert len(names["noisy"]) == len(samples)
    assert names["done"].condition in ("nat-st", "fade-in")


def test_the_dataset_of_the_documentation_feeds_a_loader(study: Path, samples: Samples) -> None:
    torch = pytest.importorskip("torch")
    clips = [samples, np.zeros(50, np.float32), samples[:8000]]
    example = examples()[-1].replace("num_workers=2", "num_workers=0")  # the example's own are forked from a test
    heard = []
    for _ in range(2):
        names: dict[str, Any] = {"clips": clips, "labels": [0, 1, 2], "__name__": "example"}
        exec(compile(example, "docs/augment.md", "exec"), names)
        heard.append(list(names["loader"]))

    first, second = heard
    assert [int(label) for _, label in first] == [0, 1, 2]
    assert all(torch.equal(one, other) for (one, _), (other, _) in zip(first, second, strict=True))
    assert torch.equal(first[1][0][0], torch.from_numpy(clips[1]))  # silent, so that nothing safe fits
