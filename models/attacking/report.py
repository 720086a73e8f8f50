"""The attack as files: attack.csv (a row a clip, setting and budget), attack.json, and the page attack.html."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2

from analysis.whitelist import Whitelist
from models.attacking.attack import Attacked, AttackEvent, AttackResult, Setting, SuccessRate, attack_run
from models.attacks.base import AttackDesign, Query
from models.checkpoint import versions
from pipelines.clip import Clip
from pipelines.sounds.base import SoundBank
from pipelines.whole_file import write_whole

TABLE, WHOLE, PAGE = "attack.csv", "attack.json", "attack.html"
#: P_IF by budget for Corr and Eval as the paper prints them (its table 2).
PAPER: dict[tuple[bool, str], dict[int, float]] = {
    (False, "no"): {5: 0.22, 15: 0.29, 25: 0.39},
    (True, "no"): {5: 0.32, 15: 0.38, 25: 0.53},
    (False, "yes"): {5: 0.31, 15: 0.36, 25: 0.45},
    (True, "yes"): {5: 0.34, 15: 0.43, 25: 0.58},
}


def run_attack(
    clips: Sequence[Clip],
    sounds: SoundBank,
    whitelist: Whitelist | None,
    design: AttackDesign,
    folder: Path,
    *,
    seed: int,
    command: str,
    cache: Path | None = None,
) -> Iterator[AttackEvent]:
    """Attack a run's nets (see `models.attacking.attack.attack_run`) and write what came of it into the run's folder.

    Raises:
        as `models.attacking.attack.attack_run`; DiskFull: there is no room for the files.
    """
    for event in attack_run(clips, sounds, whitelist, design, folder, seed=seed, command=command, cache=cache):
        if event.result is not None:
            write_whole(folder / TABLE, table_of(event.result).encode())
            write_whole(folder / WHOLE, (json.dumps(json_of(event.result), indent=2) + "\n").encode())
            write_whole(folder / PAGE, page_of(event.result).encode())
        yield event


def table_of(result: AttackResult) -> str:
    """attack.csv: what each attack found with each budget, with its questions as JSON in the last column."""
    table = io.StringIO(newline="")
    writer: csv.DictWriter[str] | None = None
    for one in result.attacked:
        for k in result.design.queries:
            row = _row(one, k, result.design.success_above_snr_db)
            if writer is None:
                writer = csv.DictWriter(table, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
    return table.getvalue()


def _row(one: Attacked, k: int, above_snr_db: float) -> dict[str, Any]:
    best = one.best(k)
    return {
        "dimension": one.dimension,
        "clip_id": one.clip.clip_id,
        "speaker": one.clip.speaker,
        "fold": one.fold,
        "corr": _yes(one.setting.corr),
        "eval": one.setting.eval,
        "k": k,
        "true_label": one.classes[one.truth],
        "clean_label": one.classes[one.clean_label],
        "success": _yes(one.success(k, above_snr_db)),
        "snr_db": f"{best.snr_db:.2f}" if best else "",
        "family": best.family if best else "",
        "sound_id": best.sound_id if best else "",
        "label": one.classes[best.label] if best else "",
        "queries": len(one.outcome.trace[:k]),
        "trace": json.dumps([_told(query, one.classes) for query in one.outcome.trace[:k]]),
    }


def json_of(result: AttackResult) -> dict[str, Any]:
    """attack.json: the success rates and how they came to be."""
    return {
        "format": "earwitness-attack",
        "version": 1,
        "command": result.command,
        "seed": result.seed,
        "simulated": result.simulated,
        "speech_simulated": result.speech_simulated,
        "whitelist_simulated": result.whitelist_simulated,
        "net": result.net,
        "design": result.design.model_dump(mode="json"),
        "notes": list(result.notes),
        "versions": versions(),
        "rates": [
            {**asdict(rate), "setting": None, "corr": rate.setting.corr, "eval": rate.setting.eval}
            for rate in result.rates
        ],
    }


@dataclass(frozen=True)
class PageRow:
    """A setting as a row of the page's table: P_IF by budget, and the paper's where it has one."""

    label: str
    words: str
    rates: tuple[SuccessRate | None, ...]
    paper: tuple[float | None, ...]


@dataclass(frozen=True)
class PageTable:
    """The success rates of one dimension."""

    title: str
    rows: tuple[PageRow, ...]


@dataclass(frozen=True)
class PageExample:
    """An attack, question by question."""

    one: Attacked
    success: bool
    best: Query | None
    steps: tuple[tuple[Query, str, str], ...]  # query, label in words, what it meant
    dots: tuple[tuple[float, float, Query], ...]  # x and y in percent
    threshold_y: float


def page_of(result: AttackResult) -> str:
    """attack.html: one page that stands alone."""
    environment = jinja2.Environment(
        # The look of the study's report, so that both pages read as one document.
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader("models"), jinja2.PackageLoader("analysis")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    dimensions = sorted(
        {rate.dimension for rate in result.rates}, key=lambda dimension: (dimension != "both", dimension)
    )
    tables = [_page_table(result, dimension) for dimension in dimensions]
    return environment.get_template("attack.html").render(
        result=result,
        budgets=result.design.queries,
        tables=tables,
        made_up=_made_up(result),
        examples=_examples(result),
        headline=_headline(result),
        clips=len({one.clip.clip_id for one in result.attacked}),
        speakers=len({one.clip.speaker for one in result.attacked}),
        nets=len({(one.dimension, one.fold) for one in result.attacked}),
        correct=_share_correct(result),
        versions=versions(),
        files=(TABLE, WHOLE),
    )


def _page_table(result: AttackResult, dimension: str) -> PageTable:
    rates = {(rate.setting, rate.k): rate for rate in result.rates if rate.dimension == dimension}
    settings = dict.fromkeys(setting for setting, _ in rates)
    rows = [
        PageRow(
            f"Corr {_yes(setting.corr)} · Eval {setting.eval}",
            _words(setting),
            tuple(rates.get((setting, k)) for k in result.design.queries),
            tuple(PAPER.get((setting.corr, setting.eval), {}).get(k) for k in result.design.queries),
        )
        for setting in settings
    ]
    title = "Over activation and valence" if dimension == "both" else dimension.capitalize()
    return PageTable(title, tuple(rows))


def _words(setting: Setting) -> str:
    knows = "knows which families hurt this net most" if setting.corr else "tries families in random order"
    may = {
        "no": "may add any sound, and every success counts",
        "yes": "may add only what people hear as the same emotion",
        "counted": "may add any sound, but only perception-safe successes count",
    }
    return f"{knows}; {may[setting.eval]}"


def _headline(result: AttackResult) -> str:
    """The most that an attacker reached, in a sentence."""
    k = max(result.design.queries)
    last = [rate for rate in result.rates if rate.k == k and rate.setting.eval != "counted"]
    if not last:
        return "No clip was attacked."
    mine = [rate for rate in last if rate.dimension == last[-1].dimension]  # over both, where both were attacked
    found = {rate.setting.eval: rate.p_if for rate in sorted(mine, key=lambda rate: rate.p_if)}
    any_sound = f"With {k} questions, an attacker fools the net on {found['no']:.0%} of clips if any sound will do"
    if "yes" not in found:
        return any_sound + "."
    return f"{any_sound}, and on {found['yes']:.0%} with sounds under which people hear the same emotion."


def _made_up(result: AttackResult) -> str:
    """What of it is simulated, in words; nothing where nothing is."""
    parts = {"speech": result.speech_simulated, "listeners": result.whitelist_simulated}
    return " and ".join(name for name, flag in parts.items() if flag)


def _share_correct(result: AttackResult) -> float:
    first = {(one.dimension, one.clip.clip_id): one.truth == one.clean_label for one in result.attacked}
    return sum(first.values()) / len(first) if first else math.nan


def _examples(result: AttackResult) -> list[PageExample]:
    """The cleanest success, a middling one of another clip, and a failure, as far as there are any."""
    k, above = max(result.design.queries), result.design.success_above_snr_db
    asked = [one for one in result.attacked if one.outcome.trace and one.setting.eval != "counted"]
    won = sorted((one for one in asked if one.success(k, above)), key=_snr_db, reverse=True)
    lost = [one for one in asked if not one.success(k, above)]
    others = [one for one in won if one.clip.clip_id != won[0].clip.clip_id]
    chosen = [*won[:1], *others[len(others) // 2 :][:1], *lost[:1]]
    return [_example(one, k, above) for one in chosen]


def _snr_db(one: Attacked) -> float:
    best = one.best(len(one.outcome.trace))
    return best.snr_db if best else -math.inf


def _example(one: Attacked, k: int, above_snr_db: float) -> PageExample:
    trace = one.outcome.trace[:k]
    top = max(30.0, above_snr_db, *(query.snr_db for query in trace)) + 2
    bottom = min(0.0, above_snr_db, *(query.snr_db for query in trace)) - 2

    def height(snr_db: float) -> float:
        return round(100 * (top - snr_db) / (top - bottom), 2)

    steps = tuple((query, one.classes[query.label], "changed" if query.changed else "as before") for query in trace)
    dots = tuple((round(100 * (query.number - 0.5) / k, 2), height(query.snr_db), query) for query in trace)
    return PageExample(one, one.success(k, above_snr_db), one.best(k), steps, dots, height(above_snr_db))


def _told(query: Query, classes: Sequence[str]) -> dict[str, Any]:
    return {**asdict(query), "snr_db": round(query.snr_db, 3), "label": classes[query.label]}


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
