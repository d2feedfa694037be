"""How long comparing takes and how much memory, at 10,000 and at 100,000 segments.

The 10,000 are phrases: the demo corpus shuffled bar by bar, in other keys and at other densities,
through the real embedder. The 100,000 are vectors: unit vectors in clusters, of which a
transposition turns the first 96 dimensions as it turns pitch classes; there are no phrases behind
them, so each gets two notes, which is enough for a bundle to be written, opened and served.
Every figure comes from a process of its own, so that its peak memory is its own.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus import demo
from corpus.cutting.segment import Segment, cut
from corpus.hearing.describe import describe
from corpus.keeping.bundle import Bundle, Described, open_bundle, write_bundle
from corpus.neighbours import Comparison, Rows, compare, compare_phrases, nearest_to
from corpus.reading.midifile import read_recording
from models.embedder import Vectors
from models.notes import Phrase, note_array, pedal_array, sort_notes, transpose
from models.pitch_histogram import PitchHistogram

PHRASES = 10_000
VECTORS = 100_000
DIMENSION = 128
_CLUSTER = 50  # vectors in a cluster
_SPREAD = 0.7  # of a cluster, to 1 between clusters
_TURNED = 96  # dimensions that a transposition turns, twelve at a time
_LOOK_UPS = 20_000  # neighbours read by the serving process
_QUERIES = 20  # phrases from outside that it compares

Figures = dict[str, Any]


def neighbour_figures(
    phrases: int = PHRASES,
    vectors: int = VECTORS,
    say: Callable[[str], None] = lambda line: None,
) -> Figures:
    """What `bench import` says about neighbours; a line to `say` after each part.

    `phrases` and `vectors`: segments, seconds (for the twelve transpositions and the table; the
    phrases as they stand take `embed_seconds`), processor seconds, method, recall, peak_mb.
    `written`, `opening` and `serving` are about a bundle of the vectors: opening gives the seconds
    of the first opening of a process and of a median one; serving the resident_mb and peak_mb of
    a process that opens it and answers, with the median milliseconds of a phrase from outside
    (`nearest_to_ms`) and of a row's neighbours (`row_ms`).
    """
    with tempfile.TemporaryDirectory(prefix="smartlooper-neighbours-") as folder:
        bundle = str(Path(folder) / "bundle")
        parts = {
            "phrases": ("compare", str(phrases)),
            "vectors": ("synthetic", str(vectors), folder),
            "written": ("write", str(vectors), folder),
            "opening": ("open", bundle),
            "serving": ("serve", bundle),
        }
        figures: Figures = {}
        for name, command in parts.items():
            figures[name] = _measured(*command)
            say(f"neighbours, {name}: {json.dumps(figures[name])}")
        return figures


def _measured(*work: str) -> Figures:
    """The figures of one piece of work, done in a fresh process, with its peak memory."""
    command = [sys.executable, "-m", "appliance.bench.neighbours", *work]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: Figures = json.loads(done.stdout)
    return found


# -- phrases --------------------------------------------------------------------------------------


def shuffled_phrases(count: int, rng: np.random.Generator) -> list[Phrase]:
    """Phrases whose bars come from phrases of the demo corpus in the same metre, some notes of
    them, moved to another key."""
    files = demo.recordings()
    source = [segment.phrase for file in files for segment in cut(read_recording(file)).segments]
    alike = {
        shape: [phrase for phrase in source if (phrase.bar, phrase.beats) == shape]
        for shape in {(phrase.bar, phrase.beats) for phrase in source}
    }
    found: list[Phrase] = []
    while len(found) < count:
        model = source[int(rng.integers(len(source)))]
        phrase = _shuffled(model, alike[model.bar, model.beats], rng)
        if len(phrase.notes):
            found.append(phrase)
    return found


def _shuffled(model: Phrase, alike: Sequence[Phrase], rng: np.random.Generator) -> Phrase:
    parts = []
    for start in np.arange(0.0, model.beats, model.bar):
        notes = alike[int(rng.integers(len(alike)))].notes
        inside = (notes["onset"] >= start) & (notes["onset"] < start + model.bar)
        parts.append(notes[inside & (rng.random(len(notes)) < rng.uniform(0.5, 1.0))])
    notes = sort_notes(np.concatenate(parts))
    low, high = (int(notes["pitch"].min()), int(notes["pitch"].max())) if len(notes) else (60, 60)
    shift = int(rng.integers(max(-6, 21 - low), min(6, 108 - high) + 1))
    return replace(model, notes=transpose(notes, shift))


def _compare_phrases(count: str) -> Figures:
    phrases = shuffled_phrases(int(count), np.random.default_rng(0))
    embedder = PitchHistogram()
    start = time.perf_counter()
    vectors = embedder.embed(phrases)
    embedded = time.perf_counter() - start
    _, figures = _compared(lambda: compare_phrases(embedder, phrases, vectors))
    return {
        "segments": len(phrases),
        "dimension": embedder.dimension,
        "embed_seconds": round(embedded, 2),
        **figures,
    }


# -- vectors --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Clusters:
    """Unit vectors, and what a transposition does to them."""

    vectors: Vectors

    def move(self, rows: Rows, semitones: int, by: int) -> Vectors:
        del by
        return turned(self.vectors[rows], semitones)


def turned(vectors: Vectors, semitones: int) -> Vectors:
    classes = vectors[:, :_TURNED].reshape(len(vectors), -1, 12)
    moved = np.roll(classes, semitones, axis=2).reshape(len(vectors), -1)
    return np.concatenate([moved, vectors[:, _TURNED:]], axis=1)


def clusters(count: int, rng: np.random.Generator) -> Clusters:
    centres = rng.standard_normal((max(1, count // _CLUSTER), DIMENSION), np.float32)
    vectors = centres[rng.integers(0, len(centres), count)]
    for rows in np.array_split(np.arange(count), max(1, count // 4096)):
        vectors[rows] += _SPREAD * rng.standard_normal((len(rows), DIMENSION), np.float32)
    keys = rng.integers(0, 12, count)
    for semitones in range(12):
        vectors[keys == semitones] = turned(vectors[keys == semitones], semitones)
    return Clusters(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _compare_vectors(count: str, folder: str) -> Figures:
    made = clusters(int(count), np.random.default_rng(0))
    found, figures = _compared(lambda: compare(made.move, len(made.vectors)))
    np.save(Path(folder) / "vectors.npy", made.vectors)
    np.save(Path(folder) / "table.npy", found.table)
    return {"segments": len(made.vectors), "dimension": DIMENSION, **figures}


def _compared(work: Callable[[], Comparison]) -> tuple[Comparison, Figures]:
    start, cpu = time.perf_counter(), time.process_time()
    found = work()
    return found, {
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "method": found.method,
        "recall": found.recall,
        "peak_mb": _peak_mb(),
    }


# -- a bundle of them -----------------------------------------------------------------------------


def _write(count: str, folder: str) -> Figures:
    vectors, table = (np.load(Path(folder) / f"{name}.npy") for name in ("vectors", "table"))
    notes = note_array([(0.0, 1.0, 40, 80), (4.0, 1.0, 47, 80)])
    phrase = Phrase(notes, pedal_array([(0.0, 64, 0)]), 8.0, 120.0)
    segments = [Segment(f"take{n // 100:05d}", 8.0 * (n % 100), phrase) for n in range(int(count))]
    description = describe(phrase)
    pieces = [Described(segment, description) for segment in segments]
    embedder = {"name": "synthetic", "sha256": "0" * 64, "dimension": DIMENSION}
    start = time.perf_counter()
    write_bundle(
        Path(folder) / "bundle", pieces, vectors, table, {"embedder": embedder, "tracks": []}
    )
    return {"seconds": round(time.perf_counter() - start, 2), "peak_mb": _peak_mb()}


def _open(path: str) -> Figures:
    def opening() -> float:
        start = time.perf_counter()
        open_bundle(Path(path))
        return time.perf_counter() - start

    first = opening()
    return {"seconds": round(first, 4), "median_seconds": round(_median(opening, 9), 4)}


@dataclass(frozen=True)
class _Stranger:
    """An embedder for phrases that have no vectors: random ones."""

    rng: np.random.Generator
    name: str = "synthetic"
    dimension: int = DIMENSION
    sha256: str = "0" * 64

    def embed(self, phrases: Sequence[Phrase]) -> Vectors:
        found: Vectors = self.rng.standard_normal((len(phrases), DIMENSION), np.float32)
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return found


def _serve(path: str) -> Figures:
    bundle, rng = open_bundle(Path(path)), np.random.default_rng(0)
    query = _median(lambda: _timed(lambda: _ask(bundle, _Stranger(rng))), _QUERIES)
    row = _median(lambda: _timed(lambda: _look(bundle, rng)), _LOOK_UPS)
    return {
        "nearest_to_ms": round(query * 1e3, 2),
        "row_ms": round(row * 1e3, 4),
        "resident_mb": _resident_mb(),
        "peak_mb": _peak_mb(),
    }


def _ask(bundle: Bundle, embedder: _Stranger) -> None:
    nearest_to(embedder, bundle.phrase(0), bundle.embeddings)


def _look(bundle: Bundle, rng: np.random.Generator) -> NDArray[Any]:
    """What a policy reads: a row's neighbours, their descriptions, and the notes of one."""
    near = bundle.neighbours[int(rng.integers(len(bundle)))]
    described: NDArray[Any] = np.array(bundle.segments[near["segment"]])
    bundle.phrase(int(near["segment"][0]))
    return described


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _median(measure: Callable[[], float], times: int) -> float:
    return float(np.median([measure() for _ in range(times)]))


def _peak_mb() -> float:
    """The most memory this process had; getrusage would count the parent's from before the exec."""
    return _status_mb("VmHWM")


def _resident_mb() -> float:
    """Memory of this process now, pages of mapped files among it."""
    return _status_mb("VmRSS")


def _status_mb(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    kibibytes = next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
    return round(kibibytes * 1024 / 1e6, 1)


_WORK: dict[str, Callable[..., Figures]] = {
    "compare": _compare_phrases,
    "synthetic": _compare_vectors,
    "write": _write,
    "open": _open,
    "serve": _serve,
}

if __name__ == "__main__":
    print(json.dumps(_WORK[sys.argv[1]](*sys.argv[2:])))
