"""A piano of our own as a log-frequency spectrogram: what the diffusion model learns to make.

Additive synthesis. Each note is a row of damped partials of a stiff string; each partial's power is
laid straight into bins a semitone wide, so no sound has to be made and analysed again. Tempo is
fixed, as in models.note_tokens: a beat lasts SECONDS_PER_BEAT.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.note_tokens import LEAD, STEPS_PER_BEAT, Tokens

BEATS = 8  # that a spectrogram shows
FRAMES_PER_BEAT = 8
FRAMES = BEATS * FRAMES_PER_BEAT
BINS = 96  # a semitone each
LOWEST = 21  # MIDI pitch of the lowest bin
SECONDS_PER_BEAT = 0.32
PARTIALS = 8
FLOOR_DB = -50.0  # power at which a spectrogram is -1; it is 1 at TOP_DB
TOP_DB = 10.0

_BLUR = 0.6  # semitones: standard deviation of a partial's line
_RELEASE = 0.06  # seconds in which a damped string loses 1/e of its amplitude

Spectrograms = NDArray[np.float32]


@lru_cache(maxsize=1)
def _strings() -> tuple[NDArray[Any], NDArray[Any]]:
    """Power of each pitch's partials in each bin, (128, PARTIALS, BINS), and decay rates in 1/s.

    Partials stand at n f0 sqrt(1 + B n^2) (Fletcher 1964), B growing with pitch; they are struck at
    an eighth of the string, so partial n has amplitude sin(n pi / 8) / n; high strings and high
    partials die away sooner.
    """
    pitch = np.arange(128)[:, None]
    n = np.arange(1, PARTIALS + 1)
    stiffness = 3e-4 * 2.0 ** ((pitch - 60) / 12)
    where = pitch - LOWEST + 12 * np.log2(n * np.sqrt(1 + stiffness * n**2))
    amplitude = (np.abs(np.sin(n * np.pi / 8)) + 0.05) / n
    distance = (where[..., None] - np.arange(BINS)) / _BLUR
    power = amplitude[:, None] ** 2 * np.exp(-0.5 * distance**2)
    decay = 0.5 * 2.0 ** ((pitch - 60) / 14) * (1 + 0.35 * (n - 1))
    return power.astype(np.float32), decay.astype(np.float32)


def spectrograms(tokens: Tokens) -> Spectrograms:
    """Tokens (phrases, notes, 4) as pictures (phrases, FRAMES, BINS) within -1..1, in decibels."""
    power, decay = _strings()
    heard = tokens[..., 3] > 0
    onset = (tokens[..., 0] - LEAD) / STEPS_PER_BEAT
    end = onset + tokens[..., 2] / STEPS_PER_BEAT
    frame = (np.arange(FRAMES) + 0.5) / FRAMES_PER_BEAT
    since = (frame - onset[..., None]) * SECONDS_PER_BEAT
    after = np.maximum(frame - end[..., None], 0) * SECONDS_PER_BEAT
    half = 0.5 / FRAMES_PER_BEAT * SECONDS_PER_BEAT
    begun = np.clip((since + half) / (2 * half), 0, 1) * heard[..., None]  # share of the frame
    damped = np.exp(-2 * after / _RELEASE) * begun
    loud = (tokens[..., 3] / 127.0) ** 2  # amplitude; the sum below is of powers
    envelope = (damped * (loud**2)[..., None])[..., None, :] * np.exp(
        -2 * decay[tokens[..., 1]][..., None] * np.maximum(since, 0)[..., None, :]
    ).astype(np.float32)
    size, notes = tokens.shape[:2]
    lines = power[tokens[..., 1]].reshape(size, notes * PARTIALS, BINS)
    summed = envelope.astype(np.float32).reshape(size, notes * PARTIALS, FRAMES)
    mixed = np.matmul(summed.transpose(0, 2, 1), lines)
    decibels = 10 * np.log10(mixed + 10 ** (FLOOR_DB / 10))
    scaled = 2 * (decibels - FLOOR_DB) / (TOP_DB - FLOOR_DB) - 1
    picture: Spectrograms = np.clip(scaled, -1, 1).astype(np.float32)
    return picture
