"""What people read of a release: README, datasheet, licence, and how to cite it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from analysis.agreement import agreements
from analysis.release.settings import QUESTIONS
from analysis.release.source import Source
from analysis.votes import left_out

FILLED = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC-BY-NC-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "CC-BY-NC-SA-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "PDDL-1.0": "https://opendatacommons.org/licenses/pddl/1-0/",
}  # fmt: skip


def readme(source: Source, holds: Mapping[str, str], notes: tuple[str, ...]) -> str:
    """README.md: what lies where.

    Args:
        source: the study.
        holds: what each file or folder is, by its name.
        notes: what is not as it was in the study's own files.
    """
    return _filled("release_readme.md", source, holds=holds, notes=notes)


def datasheet(source: Source) -> str:
    """datasheet.md, after Gebru and others: counted where it can be, else a place to fill in."""
    return _filled("release_datasheet.md", source, **_counts(source))


def licence(source: Source) -> str:
    """LICENSE.md: on what terms judgments and sound go out."""
    return _filled("release_license.md", source, url=FILLED.get(source.design.license, ""))


def citation(source: Source) -> str:
    """CITATION.cff, version 1.2.0; JSON's texts are YAML's, too."""
    said: list[tuple[str, Any]] = [
        ("cff-version", "1.2.0"),
        ("message", "If you use these judgments, please cite them as below, and the corpus that the speech is from."),
        ("type", "dataset"),
        ("title", source.title),
        ("date-released", source.made_on.isoformat()),
        *([("doi", source.design.doi)] if source.design.doi else []),
        *([("license", source.design.license)] if source.design.license in FILLED else []),
        ("keywords", ["speech emotion", "perception", "noise", "crowdsourcing"]),
        ("authors", [_author(name) for name in source.design.authors] or [{"name": f"The authors of {source.name}"}]),
    ]
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in said)


def _author(name: str) -> dict[str, str]:
    family, comma, given = name.partition(",")
    return {"family-names": family.strip(), "given-names": given.strip()} if comma else {"name": name.strip()}


def _filled(template: str, source: Source, **facts: object) -> str:
    rooms = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent.parent / "templates"),
        autoescape=False,  # noqa: S701  # Markdown, to be read as text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    rooms.globals["answer"] = lambda name: _answer(source, name)
    return rooms.get_template(template).render(source=source, design=source.design, **facts)


def _answer(source: Source, name: str) -> str:
    """What the authors say to a question, or a place to fill in."""
    said = source.design.answers.get(name, "").strip()
    place = f'> **To fill in** (`{name} = "..."` in `[release.answers]` of study.toml)'
    return f"*{QUESTIONS[name]}*\n\n" + (said or place)


def _counts(source: Source) -> dict[str, object]:
    """Every figure of the datasheet."""
    table, gone = source.table, left_out(source.table)
    (agreed,) = (one for one in agreements(table, draws=0) if one.question == "either")
    by_worker = table.groupby("worker").size()
    return {
        "gone": gone,
        "agreed": agreed,
        "pairs": table.groupby("role")["pair_id"].nunique().to_dict(),
        "made": len(source.manifest),
        "refused": len(source.entries) - len(source.manifest),
        "clips": table["clip_id"].nunique(),
        "speakers": len({pair.clip.get("speaker") for pair in source.manifest}),
        "conditions": sorted(table.loc[table["role"] == "study", "condition"].unique()),
        "begin": table["submitted_at"].min(),
        "end": table["submitted_at"].max(),
        "median_each": float(by_worker.median()),
        "most_each": int(by_worker.max()),
        "seconds": float(table["elapsed_s"].median()),
        "kept_out": source.sifted.kept_out,
        "decisions": {
            name: list(source.decisions.values()).count(name) for name in sorted({*source.decisions.values()})
        },
        "simulated": int(table["simulated"].sum()),
    }
