"""What `train`, `evaluate` and `attack` share: which run, which whitelist, which clips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from analysis.whitelist import Whitelist
    from app.wiring import Wired

run_option = click.option(
    "--run", "run_name", default="crnn", show_default=True, help="Name of the run: a folder under runs/."
)
force_option = click.option(
    "--force", is_flag=True, help="Use a whitelist of simulated listeners as if people had listened."
)


def whitelist_of(wired: Wired, *, force: bool) -> Whitelist | None:
    """The study's whitelist; None where there is none yet.

    Raises:
        SimulatedWhitelist: its listeners were simulated, the study is not, and nobody insists.
        WhitelistRefused: the file is not a whitelist.
    """
    from analysis.whitelist import Whitelist

    if not wired.folder.whitelist.exists():
        return None
    whitelist = Whitelist.load(wired.folder.whitelist)
    whitelist.require_real(force or wired.study.study.simulated)
    return whitelist


def run_folder(wired: Wired, run_name: str) -> Path:
    """The folder of a run."""
    if run_name in (".", "..") or "/" in run_name or "\\" in run_name:
        raise click.BadParameter(f"found {run_name!r}; expected a plain name, without slashes", param_hint="--run")
    return wired.folder.runs / run_name
