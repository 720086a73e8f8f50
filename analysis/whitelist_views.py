"""A whitelist for spreadsheets and for people: the same verdicts as CSV and as Markdown."""

from __future__ import annotations

import csv
import io

from analysis.whitelist import Whitelist
from analysis.whitelist_parts import ConditionVerdict, DimensionVerdict

JUDGED = ("activation", "valence")
FIGURES = tuple(DimensionVerdict.model_fields)
COLUMNS = (
    *("condition", "family", "snr_db", "decision", "reason", "pairs", "votes", "tau", "error", "design"),
    *(f"{name}_{figure}" for name in JUDGED for figure in FIGURES),
)


def as_csv(whitelist: Whitelist) -> str:
    """One row a condition, with the columns `COLUMNS`; empty where there is no figure."""
    table = io.StringIO()
    lines = csv.writer(table, lineterminator="\n")
    lines.writerow(COLUMNS)
    for verdict in whitelist.conditions:
        rule = whitelist.rule
        parts = [getattr(getattr(verdict, name), figure) for name in JUDGED for figure in FIGURES]
        lines.writerow([getattr(verdict, name) for name in COLUMNS[:7]] + [rule.tau, rule.error, rule.design, *parts])
    return table.getvalue()


def as_markdown(whitelist: Whitelist) -> str:
    """The verdicts as a page: what was decided, how, and what has to stand beside it."""
    lines = [
        f"# Whitelist of {whitelist.study}",
        "",
        *(["**SIMULATED listeners: these verdicts say nothing about people.**", ""] if whitelist.simulated else []),
        *(
            ["**Reported, not certified: nobody at hand judged these conditions.**", ""]
            if whitelist.kind == "reported"
            else []
        ),
        _summary(whitelist),
        "",
        "| condition | verdict | pairs | activation, % | valence, % | called different: activation, valence |",
        "|---|---|---|---|---|---|",
        *(_row(verdict) for verdict in whitelist.conditions),
        "",
        *(f"- {note}" for note in (*whitelist.assumptions, *whitelist.notes)),
        "",
        f"Judgments: SHA-256 `{whitelist.judgments_sha256 or 'none'}`. earwitness {whitelist.earwitness}, "
        f"{whitelist.created_at:%Y-%m-%d}.",
    ]
    return "\n".join(lines) + "\n"


def _summary(whitelist: Whitelist) -> str:
    rule, safe = whitelist.rule, f"{len(whitelist.safe_conditions)} of {len(whitelist.conditions)} conditions"
    if whitelist.kind == "reported":
        return f"{safe} are reported as unchanged."
    return (
        f"{safe} are SAFE: fewer than {100 * rule.tau:g} % of their pairs truly change, in activation and in valence, "
        f"at error {rule.error:g} (design {rule.design}). {whitelist.workers} workers, {whitelist.pairs} pairs, "
        f"{sum(verdict.votes for verdict in whitelist.conditions)} judgments that count, of {whitelist.judgments}."
    )


def _row(verdict: ConditionVerdict) -> str:
    parts = [verdict.activation, verdict.valence]
    plain = ", ".join("–" if part.ratio is None else f"{part.ratio:.2f}" for part in parts)
    shares = " | ".join(_share(part) for part in parts)
    return f"| {verdict.condition} | {verdict.decision} | {verdict.pairs} | {shares} | {plain} |"


def _share(part: DimensionVerdict) -> str:
    if part.share is None or part.share_lower is None or part.share_upper is None:
        return "–"
    return f"{100 * part.share:.1f} ({100 * part.share_lower:.1f} to {100 * part.share_upper:.1f})"
