"""Tiny speech encoders with random weights, saved as real ones are."""

from __future__ import annotations

from pathlib import Path

import pytest

KINDS = ("wav2vec2", "hubert", "wavlm")


def save_encoder(folder: Path, kind: str = "wav2vec2", seed: int = 0) -> Path:
    """A folder with an encoder of two layers of width 16 that hears as the real ones do: 400 samples each 320."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed; earwitness[encoder] is")
    import torch

    transformers.utils.logging.disable_progress_bar()
    config = transformers.AutoConfig.for_model(
        kind,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        transformers.AutoModel.from_config(config).save_pretrained(folder)
    return folder
