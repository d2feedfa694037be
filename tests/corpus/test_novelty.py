import tracemalloc
from dataclasses import replace
from functools import cache
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import corpus.demo
from corpus.cutting.novelty import APART, REACH, TAPER, beat_features, boundaries, novelty
from corpus.reading.midifile import read_recording
from corpus.reading.recording import CHANGE, Recording
from models.notes import Notes, note_array, pedal_array, sort_notes

DEMO = Path(corpus.demo.__file__).parent
BARS = 8  # of a section


@cache
def takes() -> tuple[Recording, ...]:
    return tuple(read_recording(file) for file in sorted(DEMO.glob("[0-9]*.mid")))


def section(take: Recording, length: float, at: float) -> Notes:
    notes = take.notes[take.notes["onset"] < length - 0.125].copy()
    notes["onset"] += at
    return notes


def song(one: Recording, other: Recording, form: str = "AABA") -> tuple[Recording, list[float]]:
    """Sections of two takes in this form, and where the music changes."""
    length = BARS * float(one.bars["value"][0])
    parts = [section(one if c == "A" else other, length, i * length) for i, c in enumerate(form)]
    notes = sort_notes(np.concatenate(parts))
    changes = [i * length for i in range(1, len(form)) if form[i] != form[i - 1]]
    return replace(one, notes=notes, beats=len(form) * length), changes


def found_and_right(songs: list[tuple[Recording, list[float]]]) -> tuple[float, float]:
    """Recall of the changes, precision among all section starts, within a bar."""
    found = changes = right = told = 0
    for music, true in songs:
        bar = float(music.bars["value"][0])
        beats = boundaries(music).beats
        starts = np.arange(1, music.beats // (BARS * bar)) * BARS * bar
        found += sum(bool((np.abs(beats - change) <= bar).any()) for change in true)
        right += sum(bool((np.abs(starts - beat) <= bar).any()) for beat in beats)
        changes, told = changes + len(true), told + len(beats)
    return found / changes, right / told


def test_the_changes_of_songs_from_the_demo_corpus_are_found_within_a_bar() -> None:
    pairs = [p for p in permutations(takes(), 2) if p[0].bars["value"] == p[1].bars["value"]]
    recall, precision = found_and_right([song(*pair) for pair in pairs])
    assert recall >= 0.95
    assert precision >= 0.95


def flat(pitches: list[int], at: float, beats: int) -> list[tuple[float, float, int, int]]:
    return [(at + i, 0.9, pitches[i % len(pitches)], 80) for i in range(beats)]


def take_of(rows: list[tuple[float, float, int, int]], beats: float, bar: float = 4) -> Recording:
    tempos, bars = np.array([(0, 120)], CHANGE), np.array([(0, bar)], CHANGE)
    return Recording("take", note_array(rows), pedal_array([]), tempos, bars, beats)


def test_music_that_goes_on_the_same_has_no_boundaries() -> None:
    assert len(boundaries(take_of(flat([40, 47, 52, 47], 0, 256), 256)).beats) == 0


def test_a_change_is_found_where_it_is_and_with_its_strength() -> None:
    rows = flat([36], 0, 64) + flat([78], 64, 64)
    found = boundaries(take_of(rows, 128))
    assert found.beats.tolist() == [64.0]
    assert found.strengths[0] == pytest.approx(4 / 3, rel=1e-9)  # two of three blocks
    assert novelty(note_array(rows), 128)[32] < 0.01


def test_boundaries_lie_on_bar_lines_also_after_a_change_of_metre() -> None:
    rows = flat([36, 43, 48, 43], 0, 62) + flat([78, 75, 71, 69], 62, 66)
    bars = np.array([(0, 4), (20, 3)], CHANGE)
    take = replace(take_of(rows, 128), bars=bars)
    assert boundaries(take).beats.tolist() == [62.0]


def test_boundaries_are_apart_and_in_order() -> None:
    rng = np.random.default_rng(1)
    rows = [row for i in range(40) for row in flat(rng.integers(30, 90, 4).tolist(), 16 * i, 16)]
    beats = boundaries(take_of(rows, 640)).beats
    assert len(beats) > 3
    assert (np.diff(beats) >= APART * 4).all()


def checkerboard(features: NDArray[np.float64], at: int) -> float:
    """Foote's sum as he wrote it: the kernel on the self-similarity matrix, away from the ends."""
    offsets = np.arange(-REACH, REACH) + 0.5
    taper = np.exp(-0.5 * (offsets / (TAPER * REACH)) ** 2)
    taper /= taper[REACH:].sum()
    total = 0.0
    for p, q in product(range(2 * REACH), repeat=2):
        sign = 1 if (p < REACH) == (q < REACH) else -1
        similar = features[at - REACH + p] @ features[at - REACH + q]
        total += sign * taper[p] * taper[q] * float(similar)
    return total


def test_it_is_the_checkerboard_kernel_on_the_self_similarity_matrix() -> None:
    take = takes()[4]
    features, curve = beat_features(take.notes, take.beats), novelty(take.notes, take.beats)
    for at in (REACH, 71, 96):
        assert curve[at] == pytest.approx(checkerboard(features, at), rel=1e-9)


def test_hours_need_no_matrix_of_every_beat_with_every_other() -> None:
    take = take_of(flat([40, 47, 52, 47], 0, 40_000), 40_000)
    tracemalloc.start()
    try:
        boundaries(take)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6  # the matrix would be 12.8 GB


def test_a_recording_of_one_note_has_no_boundaries() -> None:
    assert len(boundaries(take_of([(0.0, 1.0, 60, 80)], 1.0)).beats) == 0
