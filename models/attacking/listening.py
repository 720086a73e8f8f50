"""A page to listen to: clips that fooled a net, beside their originals and what people said of such noise."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from analysis.svg import PLOT_CSS
from analysis.tables import percent
from models.attacking.people import heard_by_people, nearest_judged
from models.attacking.report.facts import Facts
from models.attacking.report.rooms import room
from models.attacking.report.wording import attack_name, number, setting_name
from pipelines.audio import Samples
from pipelines.sound_file import sha256_of, write_flac
from pipelines.whole_file import write_whole

PAGE, SOUND = "listening.html", "sound"
MOST = 24  # clips on a page, which nobody hears to the end if there are more


@dataclass(frozen=True)
class Found:
    """A clip that fooled a net.

    Args:
        query: the row of `queries` that did it.
        samples: as they were sent, shape (time,).
        original: the clean clip at the same rate, shape (time,).
        sample_rate_hz: of both.
        truth: the true class.
        clean_label: what the net says of the clean clip.
    """

    query: Mapping[str, Any]
    samples: Samples
    original: Samples
    sample_rate_hz: int
    truth: int
    clean_label: int


@dataclass(frozen=True)
class _Heard:
    """A found clip as the page shows it."""

    number: int
    title: str
    clip_id: str
    speaker: str
    snr: str
    before: str
    after: str
    truth: str
    people: str
    decision: str
    queries: str
    sound: str
    original: str


@dataclass(frozen=True)
class _Group:
    title: str
    place: str
    clips: tuple[_Heard, ...]


def spread(queries: Sequence[Mapping[str, Any]], most: int = MOST) -> list[int]:
    """Which of some successes to hear: spread over settings, categories and speakers, the cleanest first among equals.

    Args:
        queries: rows of `queries`, each the best success of an attempt.
        most: how many, at most.

    Returns:
        Their places in `queries`, in the order in which they were chosen.
    """
    left = sorted(range(len(queries)), key=lambda place: (-_snr_db(queries[place]), place))
    met: list[Counter[Any]] = [Counter() for _ in range(5)]
    chosen: list[int] = []
    while left and len(chosen) < most:
        best = min(left, key=lambda place: [met[n][trait] for n, trait in enumerate(_traits(queries[place]))])
        left.remove(best)
        chosen.append(best)
        for counter, trait in zip(met, _traits(queries[best]), strict=True):
            counter[trait] += 1
    return chosen


def _traits(query: Mapping[str, Any]) -> tuple[Any, ...]:
    """What chosen clips should differ in, the most important first."""
    setting, category = _setting(query), query["category"]
    return setting, category, (setting, category), query["speaker"], query["clip_id"]


def _setting(query: Mapping[str, Any]) -> tuple[str, bool, str, bool]:
    return str(query["attack"]), bool(query["corr"]), str(query["eval"]), bool(query["singles"])


def _rank(one: Found, facts: Facts) -> tuple[object, ...]:
    """Where a setting stands: the study's attack first, and who may do least and knows nothing."""
    attack, corr, which, singles = _setting(one.query)
    return attack != facts.design.attack, attack, singles, which != "no", corr


def _snr_db(query: Mapping[str, Any]) -> float:
    value = query["snr_db"]
    return math.inf if value is None or math.isnan(value) else float(value)


def write_listening(found: Iterable[Found], facts: Facts, folder: Path, most: int = MOST) -> Path:
    """Write the page and its sounds; gives the page.

    Sounds are named by numbers, so that no name of a corpus becomes a path.

    Args:
        found: successes, best first or not; of more than `most`, some are chosen (see `spread`).
        facts: of the attack.
        folder: made if it is missing; sounds of an older page are taken away.
        most: how many clips are shown, at most.

    Raises:
        DiskFull: there is no room.
    """
    given = list(found)
    chosen = [given[place] for place in spread([one.query for one in given], most)]
    chosen.sort(key=lambda one: (_rank(one, facts), -_snr_db(one.query), str(one.query["clip_id"])))
    for path in sorted((folder / SOUND).glob("*.flac")):
        path.unlink()
    originals: dict[str, str] = {}
    heard = []
    for place, one in enumerate(chosen, 1):
        key = sha256_of(one.original)
        if key not in originals:
            originals[key] = f"{SOUND}/original-{len(originals) + 1:03}.flac"
            write_flac(folder / originals[key], one.original, one.sample_rate_hz)
        sound = f"{SOUND}/found-{place:03}.flac"
        write_flac(folder / sound, one.samples, one.sample_rate_hz)
        heard.append(_told(one, facts, place, (sound, originals[key])))
    path = folder / PAGE
    write_whole(path, _page(chosen, heard, facts))
    return path


def _page(chosen: Sequence[Found], heard: Sequence[_Heard], facts: Facts) -> str:
    both = zip(chosen, heard, strict=True)
    groups = []
    for place, (setting, inside) in enumerate(groupby(both, key=lambda one: _setting(one[0].query))):
        attack, corr, which, singles = setting
        kind = "with single moves" if singles else "added sounds only"
        title = f"{attack_name(attack)} · {setting_name(corr, which)} · {kind}"
        groups.append(_Group(title, f"setting-{place + 1}", tuple(one for _, one in inside)))
    return room().get_template("attack_listening.html").render(facts=facts, groups=groups, css=PLOT_CSS)


def _told(one: Found, facts: Facts, place: int, paths: tuple[str, str]) -> _Heard:
    query = one.query
    label = str(query["label"])
    people, decision = _people(query, facts)
    return _Heard(
        number=place,
        title=_noise(query),
        clip_id=str(query["clip_id"]),
        speaker=str(query["speaker"]),
        snr="no SNR" if _snr_db(query) == math.inf else number(_snr_db(query), "dB"),
        before=facts.class_name(label, one.clean_label),
        after=facts.class_name(label, int(query["answer"])),
        truth=f"{facts.class_name(label, one.truth)} ({label})",
        people=people,
        decision=decision,
        queries=f"{int(query['number'])}",
        sound=paths[0],
        original=paths[1],
    )


def _noise(query: Mapping[str, Any]) -> str:
    sound = f", {query['sound_id']}" if query["sound_id"] else ""
    return f"{query['move']}{sound}"


def _people(query: Mapping[str, Any], facts: Facts) -> tuple[str, str]:
    """What people said of such noise, and the verdict; empty where they were not asked."""
    level = query["level_db"]
    level_db = None if level is None or math.isnan(level) else float(level)
    verdict = facts.whitelist and nearest_judged(facts.whitelist, str(query["move"]), level_db)
    if not verdict:
        return "Nobody judged this noise at this level or a noisier one.", ""
    people = heard_by_people(verdict, str(query["label"]))
    if people.ratio is None or people.lower is None or people.upper is None:
        reported = facts.whitelist is not None and facts.whitelist.kind == "reported"
        if people.ratio is not None:
            return f"Of {people.condition}, {percent(people.ratio, 0)} is reported, without limits.", people.decision
        lacks = "the verdict is reported, without figures" if reported else "there are no judgments that count"
        return f"Of {people.condition}, {lacks}.", people.decision
    softer = "" if verdict.snr_db in (None, level_db) else "; this is softer"
    share = f"{percent(people.ratio, 0)} ({percent(people.lower, 0)} to {percent(people.upper, 0)})"
    return f"In {people.condition}, people heard a change in {share} of pairs{softer}.", people.decision
