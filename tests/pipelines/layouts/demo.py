"""The demo's corpus in small."""

from pathlib import Path

import pytest

from pipelines.demo.speech import make_demo_corpus


def make(root: Path) -> Path:
    """Two speakers, one sentence, spoken anew."""
    pytest.importorskip("espeakng_loader", reason="the demo's voices are not installed (earwitness[demo])")
    make_demo_corpus(root / "demo", seed=1, speakers=2, sentences=1)
    return root / "demo"
