"""The speech-to-reverberation modulation energy ratio (Falk, Zheng and Chan 2010): what `reverberance` is held against.

A gammatone filterbank, the envelopes of its bands, and how much of their energy lies in slow modulations, as speech
makes them, over that in fast ones, as rooms do. Energies are taken over a whole clip, not averaged over windows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import ifft, ifftshift, next_fast_len, rfft

from pipelines.audio import Samples

CHANNELS, LOWEST_HZ, HIGHEST_HZ = 23, 125.0, 7200.0
ENVELOPE_HZ = 800.0  # of the band about a channel that makes its envelope
MODULATIONS_HZ = 4 * (128 / 4) ** (np.arange(8) / 7)
QUALITY = 2  # of the modulation filters
SLOW = 4  # modulation bands that are speech's


def srmr(samples: Samples, sample_rate_hz: int) -> float:
    """Slow modulations over fast ones; dry speech has more. Of 16 kHz sound."""
    centres_hz = _centres_hz()
    envelopes, rate_hz = _envelopes(samples, sample_rate_hz, centres_hz)
    length = next_fast_len(2 * envelopes.shape[1], real=True)
    spectra = np.abs(rfft(envelopes, length)) ** 2
    frequencies = np.maximum(np.arange(spectra.shape[1]) * rate_hz / length, 1e-9)
    ratio = frequencies / MODULATIONS_HZ[:, None]
    energies = spectra @ (1 / (1 + QUALITY**2 * (ratio - 1 / ratio) ** 2)).T  # (channels, modulation bands)
    return float(energies[:, :SLOW].sum() / energies[:, SLOW : _last_band(energies, centres_hz)].sum())


def _last_band(energies: NDArray[np.float64], centres_hz: NDArray[np.float64]) -> int:
    """How many modulation bands count: those that the channel holds below which 90 % of the energy lies."""
    share = np.cumsum(energies.sum(axis=1)) / energies.sum()
    width_hz = _erb_hz(centres_hz[int(np.argmax(share >= 0.9))])
    lower_hz = MODULATIONS_HZ * (np.sqrt(1 + 1 / (2 * QUALITY) ** 2) - 1 / (2 * QUALITY))
    return max(SLOW + 1, int(np.sum(lower_hz <= width_hz)))


def _envelopes(
    samples: Samples, sample_rate_hz: int, centres_hz: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Hilbert envelopes of fourth-order gammatones, shape (channels, time), and their rate: by one transform forth."""
    length = 20 * -(-(len(samples) + sample_rate_hz // 10) // 20)
    spectrum, step_hz = rfft(samples, length), sample_rate_hz / length
    bins = 2 * round(ENVELOPE_HZ / step_hz / 2)
    envelopes = np.empty((len(centres_hz), bins))
    for channel, centre_hz in enumerate(centres_hz):
        near = round(centre_hz / step_hz) + np.arange(-bins // 2, bins // 2)
        inside = (near >= 0) & (near < len(spectrum))
        band = np.zeros(bins, dtype=np.complex128)
        offset = (near[inside] * step_hz - centre_hz) / (1.019 * _erb_hz(centre_hz))
        band[inside] = spectrum[near[inside]] * (1 + 1j * offset) ** -4
        envelopes[channel] = np.abs(ifft(ifftshift(band)))
    return envelopes[:, : len(samples) * bins // length], bins * step_hz


def _centres_hz() -> NDArray[np.float64]:
    """Evenly spaced on the scale of equivalent rectangular bandwidths."""
    lowest, highest = (21.4 * np.log10(1 + 0.00437 * hz) for hz in (LOWEST_HZ, HIGHEST_HZ))
    centres: NDArray[np.float64] = (10 ** (np.linspace(lowest, highest, CHANNELS) / 21.4) - 1) / 0.00437
    return centres


def _erb_hz(centre_hz: float) -> float:
    return 24.7 * (0.00437 * centre_hz + 1)
