"""Real speech and real sounds, where they are at hand."""

from collections import Counter
from pathlib import Path

import numpy as np

from pipelines.clip import Clip
from pipelines.corpora.emodb import SENTENCES, EmoDB
from pipelines.design import PairDesign, all_of
from pipelines.pairs import make_pairs
from pipelines.plan import plan_pairs
from pipelines.sampling import Sampling, choose_clips
from pipelines.sounds.base import FAMILIES
from pipelines.sounds.esc50 import Esc50


def test_emodb_is_read_whole(real_data: Path) -> None:
    entries = list(EmoDB(real_data / "emodb").read())
    clips = [entry for entry in entries if isinstance(entry, Clip)]

    assert len(clips) == len(entries) == len(list((real_data / "emodb" / "wav").glob("*.wav")))
    assert len({clip.speaker for clip in clips}) == 10
    assert {clip.transcript for clip in clips} == set(SENTENCES.values())
    for clip in clips:
        assert len(clip.phones) > 5
        assert all(0 <= phone.start_s < phone.end_s <= clip.length_s for phone in clip.phones)


def test_esc50_is_read_whole(real_data: Path) -> None:
    bank = Esc50(real_data / "ESC-50")

    assert bank.problems() == ()
    assert all(len(bank.sounds(family)) == 12 for family in FAMILIES)


def test_a_dozen_real_clips_are_paired(real_data: Path, tmp_path: Path) -> None:
    found = [clip for clip in EmoDB(real_data / "emodb").read() if isinstance(clip, Clip)]
    chosen = choose_clips(found, Sampling(clips=12), np.random.default_rng(1))

    bank = Esc50(real_data / "ESC-50")
    names = ("nat-st", "hum-co-0db", "int-sh", "reverb", "laugh", "opus-12kbps", "fade-out")
    design = PairDesign(draws=(all_of(names),), identical_controls=4, positive_controls=2, checks=4, practice=0)
    plan = plan_pairs(chosen, design, 1, sounds=bank)
    pairs = list(make_pairs(plan, bank, design, tmp_path, seed=1))

    assert Counter(pair.role for pair in pairs) == {"study": 12 * len(names), "identical": 4, "positive": 2, "check": 4}
    assert all(pair.clip["ratings"] == "mapped" and not pair.simulated for pair in pairs)
    assert np.median([pair.gain_db for pair in pairs]) == 0
