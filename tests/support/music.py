"""Small music for tests: phrases, MIDI files, bundles."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import mido
import numpy as np

from appliance.bench.fuzz.bundle_damage import seal as seal
from corpus.building.importing import TrackFacts
from corpus.cutting.segment import Segment
from corpus.hearing.describe import describe_all
from corpus.keeping.bundle import Bundle, Described, open_bundle, write_bundle
from corpus.neighbours import compare_phrases
from corpus.reading.recording import FILE
from models.notes import Phrase, note_array, pedal_array
from models.pitch_histogram import PitchHistogram

BOOGIE = [0, 4, 7, 9, 10, 9, 7, 4]
WALTZ = [0, 7, 12]


def phrase(
    root: int = 36,
    pattern: list[int] | None = None,
    beats: float = 8.0,
    bar: float = 4.0,
    bpm: float = 120.0,
    pedal: int = 0,
    velocity: int = 80,
) -> Phrase:
    """A bass pattern, one note every half beat (a note a beat in triple metre)."""
    pattern = pattern or BOOGIE
    step = 1.0 if bar == 3 else 0.5
    count = int(beats / step)
    rows = [
        (i * step, step * 0.8, root + pattern[i % len(pattern)], velocity) for i in range(count)
    ]
    return Phrase(note_array(rows), pedal_array([(0.0, 64, pedal)]), beats, bpm, bar)


def segments(count: int = 12) -> list[Segment]:
    """`count` boogies over different roots, in tracks of four."""
    rng = np.random.default_rng(3)
    found = []
    for index in range(count):
        pattern = [step + int(rng.integers(0, 2)) for step in BOOGIE]
        found.append(Segment(f"take{index // 4}", 8.0 * (index % 4), phrase(33 + index, pattern)))
    return found


def manifest_facts(embedder: PitchHistogram, pieces: Sequence[Segment] = ()) -> dict[str, object]:
    """What a build would say about itself and the tracks of these pieces, as far as it matters."""
    named = {"name": embedder.name, "sha256": embedder.sha256, "dimension": embedder.dimension}
    counts = Counter(piece.track for piece in pieces)
    tracks = [
        asdict(TrackFacts(name, f"{name}.mid", 120.0, FILE, 1.0, "C major", 0.5, count))
        for name, count in counts.items()
    ]
    return {"embedder": named, "beats": 8, "lead_in": 0.125, "tracks": tracks}


def make_bundle(path: Path, pieces: list[Segment] | None = None) -> Bundle:
    """A bundle on disk, with the real embedder."""
    pieces = pieces or segments()
    embedder = PitchHistogram()
    phrases = [piece.phrase for piece in pieces]
    vectors = embedder.embed(phrases)
    table = compare_phrases(embedder, phrases, vectors).table
    described = [Described(*pair) for pair in zip(pieces, describe_all(phrases), strict=True)]
    write_bundle(path, described, vectors, table, manifest_facts(embedder, pieces))
    return open_bundle(path)


def midi_file(
    path: Path, tracks: list[list[mido.Message]], ticks_per_beat: int = 480, type_: int = 1
) -> Path:
    """A file of these tracks, times being deltas in ticks."""
    midi = mido.MidiFile(type=type_, ticks_per_beat=ticks_per_beat)
    midi.tracks.extend(mido.MidiTrack(track) for track in tracks)
    midi.save(path)
    return path


def on(note: int, time: int = 0, velocity: int = 80, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=note, velocity=velocity, time=time, channel=channel)


def off(note: int, time: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", note=note, time=time, channel=channel)
