"""The mask network: it only takes away, never hears padding, and learns to come nearer to clean bands."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import mse_loss

from models.denoisers.mask import Mask, MaskFront, MaskSettings

BANDS = 6
SMALL = MaskSettings(dense_width=6, voice_width=6, noise_width=8, gain_width=12)


def front(most_attenuation: float = 4.0, seed: int = 0) -> MaskFront:
    torch.manual_seed(seed)
    return Mask(SMALL.model_copy(update={"most_attenuation": most_attenuation})).front(BANDS).eval()


def pairs(clips: int, frames: int, seed: int) -> tuple[Tensor, Tensor]:
    """Bands of syllables over a quiet ground, clean and with a steady noise that covers the ground."""
    generator = torch.Generator().manual_seed(seed)
    speaking = (torch.rand((clips, frames // 8, 1), generator=generator) > 0.5).repeat_interleave(8, dim=1)
    formants = torch.rand((clips, 1, BANDS), generator=generator) + 0.5
    clean = torch.where(speaking, formants, -1.5)  # (clips, frames, BANDS)
    noise = torch.full((clips, 1, BANDS), 0.3)
    return clean, torch.logaddexp(clean, noise)


@settings(max_examples=15, deadline=None)
@given(
    level=st.floats(-3, 3),
    most=st.floats(0.5, 8),
    seed=st.integers(0, 100),
)
def test_a_band_falls_by_no_more_than_was_allowed_and_never_rises(level: float, most: float, seed: int) -> None:
    values = level + torch.randn((2, 9, BANDS), generator=torch.Generator().manual_seed(seed))

    fallen = values - front(most, seed)(values, torch.tensor([9, 9]))

    assert fallen.min() >= -1e-6
    assert fallen.max() <= most + 1e-5


def test_a_clip_comes_out_the_same_alone_and_in_any_batch() -> None:
    mask, values = front(), torch.randn((3, 20, BANDS), generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([20, 7, 1])
    values[1, 7:] = float("nan")
    values[2, 1:] = 1e9

    together = mask(values, lengths)

    for clip, length in enumerate(lengths.tolist()):
        alone = mask(values[clip : clip + 1, :length], torch.tensor([length]))
        torch.testing.assert_close(together[clip, :length], alone[0], rtol=0, atol=1e-6)
        assert (together[clip, length:] == 0).all()


def test_what_follows_changes_nothing_before_it() -> None:
    mask, values = front(), torch.randn((1, 20, BANDS), generator=torch.Generator().manual_seed(2))
    other = values.clone()
    other[:, 12:] += 1

    one, two = (mask(heard, torch.tensor([20])) for heard in (values, other))

    torch.testing.assert_close(one[:, :12], two[:, :12])
    assert not torch.equal(one[:, 12:], two[:, 12:])


def test_padding_gives_no_gradient() -> None:
    mask, values = front(), torch.zeros((1, 5, BANDS), requires_grad=True)

    mask(values, torch.tensor([3])).sum().backward()

    assert values.grad is not None
    assert (values.grad[:, 3:] == 0).all()
    assert (values.grad[:, :3] != 0).any()


def test_an_untrained_mask_hides_little() -> None:
    values = torch.randn((2, 30, BANDS), generator=torch.Generator().manual_seed(3))

    assert (values - front()(values, torch.tensor([30, 30]))).mean() < 0.3


def test_it_learns_to_come_nearer_to_the_clean_bands_of_clips_it_has_not_met() -> None:
    clean, noisy = pairs(24, 48, seed=4)
    lengths, mask = torch.full((24,), 48), front(seed=5).train()
    optimiser = torch.optim.Adam(mask.parameters(), lr=0.02)
    for _ in range(40):
        optimiser.zero_grad()
        mse_loss(mask(noisy, lengths), clean).backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    clean, noisy = pairs(24, 48, seed=6)
    with torch.no_grad():
        assert mse_loss(mask(noisy, lengths), clean) < 0.3 * mse_loss(noisy, clean)


def test_the_weight_is_a_setting() -> None:
    assert Mask(MaskSettings(weight=0.25)).weight == 0.25


def test_settings_of_another_denoiser_are_refused() -> None:
    from models.denoisers.vts.vts import VtsSettings

    with pytest.raises(TypeError, match="takes MaskSettings, found VtsSettings"):
        Mask(VtsSettings())
