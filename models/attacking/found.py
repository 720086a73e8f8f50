"""The sounds that fooled a net, made again from what was written down of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from models.attacking.asked import AskedTables
from models.attacking.listening import MOST, Found, spread
from models.attacking.rates import changed_within, nearest_of, won_of
from models.attacks.base import WAVEFORM, Move, Take
from pipelines.audio import Samples
from pipelines.clip import Clip
from pipelines.sound_file import load_speech
from pipelines.sounds.base import SoundBank


def found_sounds(
    tables: AskedTables,
    moves: Sequence[Move],
    clips: Sequence[Clip],
    sounds: SoundBank,
    *,
    sample_rate_hz: int,
    goal_db: float,
    k: int,
    most: int = MOST,
) -> list[Found]:
    """Some of the clips that fooled a net, the best of each attempt, spread over settings, categories and speakers.

    Attacks on the waveform are left out: what they add is no noise of the study, and nobody wrote its samples down.

    Args:
        tables: what was asked.
        moves: that were allowed.
        clips: of the corpus.
        sounds: what the attacker had at hand.
        sample_rate_hz: of the net.
        goal_db: an added sound counts only above this SNR.
        k: the largest budget.
        most: how many, at most.
    """
    flips = changed_within(tables.queries, k, after=False)
    won = flips[won_of(flips, goal_db) & (flips["move"] != WAVEFORM)]
    best = nearest_of(won).drop(columns="reach_db")
    rows = [{str(name): value for name, value in row.items()} for row in best.to_dict("records")]
    known = {move.name: move for move in moves}
    by_id = {clip.clip_id: clip for clip in clips}
    said = tables.clips.set_index(["nets", "label", "seed", "fold", "clip_id"])[["truth", "clean_label"]].to_dict(
        "index"
    )
    found = []
    for place in spread(rows, most):
        row = rows[place]
        truth = said[tuple(row[name] for name in ("nets", "label", "seed", "fold", "clip_id"))]
        original, changed = _made(row, known[row["move"]], by_id[row["clip_id"]], sounds, sample_rate_hz)
        found.append(Found(row, changed, original, sample_rate_hz, truth["truth"], truth["clean_label"]))
    return found


def _made(
    row: Mapping[str, Any], move: Move, clip: Clip, sounds: SoundBank, sample_rate_hz: int
) -> tuple[Samples, Samples]:
    """The clean clip, and the samples of a question about it."""
    speech = load_speech(clip, sample_rate_hz)
    take = Take(move, speech, json.loads(row["params"]), sounds)
    probe = take.at(row["level_db"]) if move.additive else take.once()
    return speech.samples, probe.samples
