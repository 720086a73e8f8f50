"""Tables of attacks made up for the tests of figures and pages: success follows a simple rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from analysis.whitelist import Whitelist
from models.attacking.design import AttackDesign
from models.attacking.report.facts import Facts
from tests.whitelists import verdict, whitelist

SAFE_FROM_DB = {"nat-co": 10.0, "hum-co": 20.0, "int-co": 0.0}
SINGLES = {"fade-in": True, "drop-words": True, "reverb": False}  # and whether people hear the same
QUERY: dict[str, Any] = {
    "nets": "crnn", "label": "activation", "seed": 1, "fold": 0, "clip_id": "a-0", "speaker": "a", "draw": 0,
    "attack": "noise-boundary", "corr": False, "eval": "no", "singles": False, "number": 1, "move": "nat-co",
    "category": "nat", "sound_id": "rain", "level_db": 20.0, "snr_db": 20.0, "answer": 1, "changed": False,
    "safe": True, "params": "{}",
}  # fmt: skip
CLIP: dict[str, Any] = {
    "nets": "crnn", "label": "activation", "seed": 1, "fold": 0, "clip_id": "a-0", "speaker": "a", "truth": 0,
    "clean_label": 0, "use": "attacked",
}  # fmt: skip


def queries(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Questions that differ from a usual one in what is said."""
    return _typed(pd.DataFrame([QUERY | dict(row) for row in rows], columns=list(QUERY)))


def clips(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Clips that differ from a usual one in what is said."""
    return pd.DataFrame([CLIP | dict(row) for row in rows], columns=list(CLIP))


def made_up(
    *,
    nets: Mapping[str, float] | None = None,
    labels: Iterable[str] = ("activation", "valence"),
    attacks: Mapping[str, float] | None = None,
    speakers: int = 10,
    each: int = 8,
    k: int = 25,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Queries and clips of a whole run.

    Args:
        nets: how easily each is fooled; 1 is usual.
        labels: what is recognised.
        attacks: how well each goes about it; 1 is the study's.
        speakers: how many.
        each: clips of each.
        k: the budget.
        seed: of all chance.
    """
    rng = np.random.default_rng(seed)
    nets = nets or {"crnn": 1.0}
    attacks = attacks or {"noise-boundary": 1.0, "random-search": 0.8, "thompson-sampling": 1.5}
    names = [f"speaker-{number:02}" for number in range(speakers)]
    clip_rows = [
        CLIP | {
            "nets": one, "label": label, "fold": number % 5, "clip_id": f"{speaker}-{clip}", "speaker": speaker,
            "truth": int(rng.integers(3)), "use": str(rng.choice(["attacked"] * 6 + ["own"] * 3 + ["wrong"])),
        }
        for one, label, (number, speaker), clip in product(nets, labels, enumerate(names), range(each))
    ]  # fmt: skip
    clip_rows = [row | {"clean_label": row["truth"]} for row in clip_rows]
    easy = dict(zip(names, rng.uniform(0.6, 1.4, speakers), strict=True))
    rows = [
        query
        for clip in clip_rows
        if clip["use"] == "attacked"
        for attack, corr, eval_, singles in product(attacks, (False, True), ("no", "before"), (False, True))
        for query in _asked(
            clip,
            {"attack": attack, "corr": corr, "eval": eval_, "singles": singles},
            attacks[attack] * nets[clip["nets"]] * easy[clip["speaker"]] * (1.3 if corr else 1.0),
            k,
            rng,
        )
    ]
    return _typed(pd.DataFrame(rows, columns=list(QUERY))), pd.DataFrame(clip_rows)


def _asked(
    clip: Mapping[str, Any], setting: Mapping[str, Any], easy: float, k: int, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    names = [*SAFE_FROM_DB, *(SINGLES if setting["singles"] else ())]
    if setting["eval"] == "before":
        names = [name for name in names if SINGLES.get(name, True)]
    luck = float(rng.normal(0, 8))
    for number in range(1, k + 1):
        move = str(rng.choice(names))
        single = move in SINGLES
        lowest = SAFE_FROM_DB.get(move, 0.0) if setting["eval"] == "before" else 0.0
        level = None if single else float(rng.choice(np.arange(lowest, 42.5, 2.5)))
        limit = 1 + 6 * easy + luck
        changed = rng.random() < 0.01 * easy if level is None else level < limit and rng.random() < 0.5
        yield QUERY | {
            **{name: clip[name] for name in ("nets", "label", "seed", "fold", "clip_id", "speaker")},
            **setting,
            "number": number, "move": move, "category": move.split("-")[0], "sound_id": f"{move}-{number % 5}",
            "level_db": level, "snr_db": None if level is None else level + float(rng.normal(0, 0.01)),
            "answer": (clip["clean_label"] + int(changed)) % 3, "changed": bool(changed),
            "safe": SINGLES[move] if level is None else level >= SAFE_FROM_DB[move],
        }  # fmt: skip


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype({"level_db": float, "snr_db": float, "changed": bool, "safe": bool, "corr": bool})


def heard(**more: Any) -> Whitelist:
    """A whitelist that goes with `SAFE_FROM_DB` and `SINGLES`."""
    levels = [
        verdict(
            f"{move}-{level}db",
            "SAFE" if level >= safe_from else "UNSAFE" if level < safe_from - 10 else "UNDECIDED",
            family=move.split("-")[0],
            snr_db=float(level),
        )
        for move, safe_from in SAFE_FROM_DB.items()
        for level in (20, 10, 0)
    ]
    single = [verdict(name, "SAFE" if safe else "UNSAFE", family=name) for name, safe in SINGLES.items()]
    return whitelist(*levels, *single, **more)


def facts(**more: Any) -> Facts:
    """Facts of a made-up run."""
    values: dict[str, Any] = {
        "corpus": "made-up corpus",
        "net": "crnn",
        "command": "earwitness attack --run runs/first",
        "design": AttackDesign(),
        "seed": 3,
        "classes": {"activation": ("low", "mid", "high"), "valence": ("low", "mid", "high")},
        "whitelist": heard(),
        "data_sha256": "ab" * 32,
        "versions": {"earwitness": "0.1.0"},
    }
    return Facts(**values | more)
