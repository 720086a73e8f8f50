"""Section: what became of every judgment, when the decision was fixed, and what the verdicts assume."""

from __future__ import annotations

import json
from datetime import datetime

import pandas as pd
from pydantic import JsonValue

from analysis.report.material import Material
from analysis.report.opening import day
from analysis.report.parts import Block, Heading, Listed, Section, Words, csv_text
from analysis.tables import Table, many
from analysis.votes import LeftOut, left_out
from analysis.whitelist_parts import Stamp

WHY = {
    "identical": "Controls: identical pairs",
    "positive": "Controls: pairs with a known change",
    "check": "Attention checks",
    "repeat": "Repeats, for self-consistency",
    "practice": "Practice",
}


def counting_section(material: Material) -> Section:
    """What was counted, what was not, and what was fixed when."""
    gone, stamp = left_out(material.judgments), material.whitelist.stamp
    rows = _rows(gone, material.whitelist.exclusions.wrong_rows)
    blocks: list[Block] = [
        Words(_lead(material, gone)),
        _table(rows),
        Heading("What was fixed when"),
        Words(_fixed(stamp)),
    ]
    if stamp.changes:
        blocks.append(
            Listed(
                tuple(
                    f"{_time(one.at)}: {one.setting} was changed from {_value(one.before)} to {_value(one.after)}."
                    for one in stamp.changes
                )
            )
        )
    if material.whitelist.assumptions:
        blocks += [Heading("What is assumed"), Listed(material.whitelist.assumptions)]
    if material.whitelist.notes:
        blocks += [Heading("What has to stand beside the verdicts"), Listed(material.whitelist.notes)]
    table = pd.DataFrame(rows, columns=["what", "judgments"])
    return Section("left-out", "What was counted, and what was not", tuple(blocks), {"counted.csv": csv_text(table)})


def _lead(material: Material, gone: LeftOut) -> str:
    late, out = material.whitelist.exclusions.late, gone.workers_left_out
    nobody = "Quality control left nobody out."
    some = (
        f"{many(out, 'worker')} {'has' if out == 1 else 'have'} no judgment in the verdicts, since quality control "
        f"left {'that worker' if out == 1 else 'them'} out; what they did is paid all the same."
    )
    came_late = f"{many(late, 'judgment')} came late, after {'its' if late == 1 else 'their'} pair was decided."
    return (
        f"{many(gone.workers, 'worker')} gave {many(gone.judgments, 'judgment')}. {some if out else nobody} "
        f"{came_late if late else 'None came late.'} Controls never judge a worker; attention checks do."
    )


def _rows(gone: LeftOut, wrong: int) -> list[tuple[str, int]]:
    """Every judgment of the file, by what became of it; those that were read add up to the last row but one."""
    others = sum(gone.by_role.values())
    study_not_used = gone.judgments - others - gone.counted - gone.late
    return [
        ("Count towards the verdicts", gone.counted),
        ("Left out: by workers whom quality control does not use", study_not_used),
        ("Left out: late, after their pair was decided", gone.late),
        *((WHY.get(role, role), count) for role, count in gone.by_role.items()),
        *([("Kept out: rows that are wrong", wrong)] if wrong else []),
        ("All", gone.judgments + wrong),
    ]


def _table(rows: list[tuple[str, int]]) -> Table:
    shown = tuple((name, f"{count:,}") for name, count in rows)
    return Table("What became of every judgment", ("Judgments", "Number"), shown, "counted.csv", "sum")


def _fixed(stamp: Stamp) -> str:
    first = (
        "no vote has come yet"
        if stamp.first_vote_at is None
        else f"the first vote came on {_time(stamp.first_vote_at)}"
    )
    if stamp.fixed_at is None:
        return (
            f"Nobody noted when the decision was fixed, as for judgments that were collected elsewhere; {first}. What "
            "was decided beforehand has to be taken from elsewhere."
        )
    when = "before" if stamp.first_vote_at is None or stamp.fixed_at <= stamp.first_vote_at else "AFTER"
    later = (
        "Nothing of it was changed after the first vote."
        if not stamp.changes
        else f"After the first vote {many(len(stamp.changes), 'setting')} "
        f"{'was' if len(stamp.changes) == 1 else 'were'} changed:"
    )
    if stamp.first_vote_at is None:
        return f"What decides was fixed on {_time(stamp.fixed_at)}; {first}. {later}"
    return f"What decides was fixed on {_time(stamp.fixed_at)}, {when} the first vote: {first}. {later}"


def _time(at: datetime) -> str:
    return f"{day(at)}, {at:%H:%M %Z}"


def _value(value: JsonValue) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
