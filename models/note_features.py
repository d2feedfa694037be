"""What the notes encoder reads of a note: for each field of a token a table of what each of its
values looks like, coarsely for the T5 layers, and in details that notes are counted by.
"""

from typing import Any

import numpy as np

from models.note_tokens import LEAD, MAX_DURATION, ONSETS, STEPS_PER_BEAT

PERIODS = (1 / 4, 1 / 3, 1 / 2, 1, 2, 4, 8, 16)  # beats
LOW = 54  # F#3: below it a note counts as bass


def coarse_tables() -> dict[str, Any]:
    """What each value of each field looks like; the encoder learns a linear map of the four."""
    return {
        "onset_table": phases((np.arange(ONSETS) - LEAD) / STEPS_PER_BEAT),
        "pitch_table": _pitches(),
        "duration_table": _durations(),
        "velocity_table": _velocities(),
    }


def detail_tables() -> dict[str, Any]:
    """What each value of each field is in steps narrow enough to count notes by."""
    onset = (np.arange(ONSETS) - LEAD) / STEPS_PER_BEAT
    pitch = np.arange(128)
    octaves = np.log2(np.maximum(np.arange(MAX_DURATION + 1), 1) / STEPS_PER_BEAT)
    tables = {
        "onset_slots": _one_hot(onset * 4, 32),
        "onset_fine": _one_hot(onset * 16, 16),
        "pitch_classes": _one_hot(pitch, 12),
        "pitch_steps": _soft_steps(pitch, np.arange(24, 105, 4), 2.0),
        "duration_steps": _soft_steps(octaves, np.arange(-4, 4.1, 0.5), 0.25),
        "velocity_steps": _soft_steps(pitch, np.arange(10, 126, 5), 2.5),
        "pitch_low": (pitch < LOW)[:, None],
    }
    return {name: table.astype(np.float32) for name, table in tables.items()}


def width_of(tables: dict[str, Any]) -> int:
    return sum(table.shape[1] for table in tables.values())


def _one_hot(values: Any, size: int) -> Any:
    return np.eye(size)[np.floor(values + 0.5).astype(int) % size]


def _soft_steps(values: Any, centres: Any, width: float) -> Any:
    return np.exp(-0.5 * ((values[:, None] - centres) / width) ** 2)


def phases(beats: Any) -> Any:
    """Where in periods of a quarter of a beat to sixteen beats, as points on a circle."""
    angle = 2 * np.pi * np.asarray(beats)[:, None] / np.array(PERIODS)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)


def _pitches() -> Any:
    """Pitch class, and height as soft steps six semitones apart."""
    pitch = np.arange(128)
    height = np.exp(-0.5 * ((pitch[:, None] - np.arange(24, 109, 6)) / 4.0) ** 2)
    classes = (pitch[:, None] % 12 == np.arange(12)) * 2.0
    return np.concatenate([classes, height], axis=1).astype(np.float32)


def _durations() -> Any:
    """Soft steps half an octave apart, from a sixteenth of a beat to sixteen beats."""
    octaves = np.log2(np.maximum(np.arange(MAX_DURATION + 1), 1) / STEPS_PER_BEAT)
    return np.exp(-0.5 * ((octaves[:, None] - np.arange(-4, 4.1, 0.5)) / 0.5) ** 2).astype(
        np.float32
    )


def _velocities() -> Any:
    loud = np.arange(128)[:, None] / 127.0
    return np.concatenate([loud, loud**2, np.ones_like(loud)], axis=1).astype(np.float32)
