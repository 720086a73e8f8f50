"""A study folder of tones, small enough to be rehearsed in seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.study import CorpusPlace, SoundsPlace, Study, write_study
from hits.batch import Hits
from hits.crowd import Crowd
from hits.screening import Screening
from pipelines.clip import Pair
from pipelines.manifest import FILE_NAME, Header, write_manifest
from tests.app.conftest import make_pair

SAFE, UNSAFE = "nat-co-20db", "laugh"
CONDITIONS = {SAFE: ("background", 20.0), UNSAFE: ("laugh", None)}


def tone_pairs(folder: Path, pairs: int, checks: int) -> list[Pair]:
    """Pairs of two conditions in turn, each of a clip of its own, and checks."""
    made = [make_pair(number, folder) for number in range(pairs + checks)]
    told = []
    for number, pair in enumerate(made):
        condition = "identical" if number >= pairs else (SAFE, UNSAFE)[number % 2]
        family, snr_db = CONDITIONS.get(condition, ("identical", None))
        role = "check" if number >= pairs else "study"
        told.append(replace(pair, condition=condition, role=role, family=family, snr_db=snr_db))
    return told


def study_of_tones(folder: Path, crowd: Crowd, pairs: int = 12, checks: int = 4, **sections: object) -> Study:
    """A study with its pairs, as `earwitness init` and `pairs make` would leave it."""
    study = Study(
        corpus=CorpusPlace(name="demo", path=folder),
        sounds=(SoundsPlace(name="demo", path=folder),),
        **{
            "hits": Hits(trials_per_hit=6, checks_per_hit=1),
            "screening": Screening(sound_check=False, practice=False),
            "rehearsal": crowd,
            **sections,
        },
    )
    (folder / "pairs").mkdir(parents=True)
    (folder / "study.toml").write_text(write_study(study), encoding="utf-8")
    header = Header(seed=0, design={"noises": {}}, clips_sha256="0" * 64, sounds_sha256="0" * 64)
    write_manifest(folder / "pairs" / FILE_NAME, header, tone_pairs(folder / "pairs", pairs, checks))
    return study
