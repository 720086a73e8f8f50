"""A package of somebody else that brings one variant, as an installer would leave it on the path."""

from __future__ import annotations

from pathlib import Path


def installed(site: Path, group: str, name: str, source: str) -> None:
    """Write a package of one module that brings `name` of the kind `group` (such as `analysis.designs`)."""
    module = f"otherlab_{name.replace('-', '_')}"
    about = site / f"{module}-1.dist-info"
    about.mkdir(parents=True)
    (site / f"{module}.py").write_text(source, encoding="utf-8")
    (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {module}\nVersion: 1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[earwitness.{group}]\n{name} = {module}\n", encoding="utf-8")
