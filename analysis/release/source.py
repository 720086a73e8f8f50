"""What a release is made from, and what can be counted in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.judgments_file import Sifted, sift
from analysis.release.scrubbing import Scrubber
from analysis.release.settings import ReleaseDesign
from pipelines.clip import Pair
from pipelines.manifest import FILE_NAME, Refusal, read_entries


@dataclass(frozen=True)
class Source:
    """A study that is to be published.

    Attributes:
        name: of the study.
        design: section [release].
        about: what workers read of the study.
        described: how it was made, in sentences.
        pay: what workers were paid, by what it is called.
        platform: where they came from.
        languages: of the pages that they saw.
        study_toml: the whole design as text.
        judgments: the file; needed.
        pairs: the folder of the manifest; there may be none where judgments came from elsewhere.
        whitelist: the file; there may be none.
        report: the folder; there may be none.
        made_on: when it is published.
        software: which release of earwitness makes it.
        simulated: whether the design says so.
        scrubber: what must not be published.
    """

    name: str
    design: ReleaseDesign
    about: str
    described: tuple[str, ...]
    pay: Mapping[str, str]
    platform: str
    languages: tuple[str, ...]
    study_toml: str
    judgments: Path
    pairs: Path
    whitelist: Path
    report: Path
    made_on: date
    software: str
    simulated: bool = False
    scrubber: Scrubber = field(default_factory=Scrubber)

    @property
    def title(self) -> str:
        """Of the release; one from simulated listeners begins with that."""
        title = self.design.title or f"{self.name}: perceived emotion under noise"
        return f"[SIMULATED] {title}" if self.is_simulated else title

    @property
    def is_simulated(self) -> bool:
        """Whether any listener, any speech or the whole study is simulated."""
        return bool(
            self.simulated
            or self.table["simulated"].any()
            or any(pair.simulated for pair in self.manifest)
            or self.verdicts.get("simulated", False)
        )

    @cached_property
    def sifted(self) -> Sifted:
        """The judgments that fit, and what is wrong with the others; pairs have to be in a manifest if there is one."""
        return sift(self.judgments, {pair.pair_id for pair in self.manifest} if self.manifest else None)

    @property
    def table(self) -> pd.DataFrame:
        """The judgments that fit, as `analysis.votes.read_judgments` describes them."""
        return self.sifted.judgments

    @cached_property
    def manifest(self) -> tuple[Pair, ...]:
        """Every pair of the manifest."""
        return tuple(entry for entry in self.entries if isinstance(entry, Pair))

    @cached_property
    def entries(self) -> tuple[Pair | Refusal, ...]:
        """Every pair and refusal of the manifest; none where there is no manifest."""
        path = self.pairs / FILE_NAME
        return tuple(read_entries(path)) if path.is_file() else ()

    @cached_property
    def verdicts(self) -> Mapping[str, Any]:
        """The whitelist, as far as it can be read; empty where there is none."""
        try:
            said = json.loads(self.whitelist.read_bytes())
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    @property
    def decisions(self) -> dict[str, str]:
        """What the whitelist decides, by condition."""
        listed = self.verdicts.get("conditions")
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        return {str(row["condition"]): str(row.get("decision", "")) for row in rows if "condition" in row}
