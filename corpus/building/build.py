"""Build a bundle from recordings: find, import each, embed each, compare all, write.

What is done for a file depends on that file, what is written about it, and the settings; it is
kept in a cache, so that a build that was interrupted goes on, and one more file costs one file.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.building.cache import Cache
from corpus.building.embedding import Batch, embed_batch, unpack_vectors
from corpus.building.engine import Engine, Inline, Lost
from corpus.building.gathering import FileOut, Gathered, Progress, Run, gather
from corpus.building.importing import Imported, ImportSettings, TrackFacts
from corpus.cutting.precut import unique
from corpus.errors import CorpusError
from corpus.keeping.bundle import Described, check_replaceable, write_bundle
from corpus.neighbours import TRANSPOSITIONS, Comparison, Rows, compare, embed_moved
from corpus.reading.recording import LeftOut
from corpus.reading.sources import find_sources
from models.embedder import Embedder, Vectors, make_embedder


@dataclass(frozen=True)
class BuildSettings:
    """How recordings become a bundle. `beats` a segment, where no corpus.toml says otherwise."""

    embedder: str
    beats: int | None = None
    importing: ImportSettings = field(default_factory=ImportSettings)
    rotations: bool = False


@dataclass(frozen=True)
class BuildReport:
    """What went into a bundle; `left_out` holds a line for every file that did not."""

    tracks: tuple[TrackFacts, ...]
    segments: int
    left_out: tuple[str, ...]
    copies: int
    """Pre-cut segments that were another one, transposed or rotated."""
    method: str
    recall: float


def build_bundle(
    sources: Sequence[Path],
    out: Path,
    settings: BuildSettings,
    engine: Engine | None = None,
    cache: Cache | None = None,
    progress: Progress = lambda what, done, total: None,
) -> BuildReport:
    """Make the bundle `out`; the same sources give the same bytes, whatever the engine.

    A file that cannot be used is left out and reported. CorpusError where a source does not
    exist, what is written about the files makes no sense, or nothing remains to play.
    """
    embedder = make_embedder(settings.embedder)
    check_replaceable(out)
    run = Run(engine or Inline(), cache or Cache(Path(os.devnull)), progress)
    found = find_sources(sources, settings.importing.limits)
    gathered = gather(found, settings.importing, settings.beats, run)
    pieces, copies = _pieces(gathered.tracks, settings.importing.cut.lead_in)
    if not pieces:
        raise CorpusError(f"nothing to build from: {_line(gathered.left_out[0])}")
    vectors = _embed_all(pieces, embedder, run)
    comparison = _compare_all(pieces, vectors, embedder, settings.rotations, progress)
    tracks = _by_track(gathered.tracks, pieces)
    facts = _manifest(gathered, settings, embedder, comparison)
    facts |= {"tracks": [asdict(track) for track in tracks], "copies": copies}
    own = vectors[list(TRANSPOSITIONS).index(0)].astype(np.float32)
    write_bundle(out, pieces, own, comparison.table, facts)
    return BuildReport(
        tracks=tracks,
        segments=len(pieces),
        left_out=tuple(_line(one) for one in gathered.left_out),
        copies=copies,
        method=comparison.method,
        recall=comparison.recall,
    )


def _line(out: FileOut) -> str:
    return f"{out.shown}: {out.reason}"


def _pieces(tracks: Sequence[Imported], lead_in: float) -> tuple[list[Described], int]:
    """The segments of all tracks that are not copies of another."""
    described = {}
    for track in tracks:
        for segment, description in zip(track.segments, track.descriptions, strict=True):
            described[id(segment.phrase)] = Described(segment, description, track.facts.labels)
    segments = [segment for track in tracks for segment in track.segments]
    kept = unique(segments, lead_in).segments
    place = {name: number for number, name in enumerate(dict.fromkeys(one.track for one in kept))}
    kept.sort(key=lambda one: (place[one.track], one.start_beat))  # pre-cut files come in any order
    pieces = [replace(described[id(one.phrase)], segment=one) for one in kept]
    return pieces, len(segments) - len(kept)


def _by_track(tracks: Sequence[Imported], pieces: Sequence[Described]) -> tuple[TrackFacts, ...]:
    """The facts of each track; one that came in several pre-cut files is told of once, and a file
    that is another track than its name says is told of as that one."""
    owner = {id(piece.segment.phrase): piece.segment.track for piece in pieces}
    parts: dict[str, list[TrackFacts]] = {}
    for track in tracks:
        kept = (owner.get(id(segment.phrase)) for segment in track.segments)
        parts.setdefault(next(filter(None, kept), track.facts.name), []).append(track.facts)
    counts = Counter(owner.values())
    return tuple(_merged(name, counts[name], facts) for name, facts in parts.items())


def _merged(name: str, segments: int, facts: Sequence[TrackFacts]) -> TrackFacts:
    """The facts of one track that came in so many files."""
    left_out: Counter[str] = Counter()
    for out in (out for one in facts for out in one.left_out):
        left_out[out.reason] += out.count
    return replace(
        facts[0],
        name=name,
        segments=segments,
        left_out=tuple(LeftOut(*out) for out in left_out.items()),
        repairs=tuple(dict.fromkeys(repair for one in facts for repair in one.repairs)),
        labels=tuple(dict.fromkeys(label for one in facts for label in one.labels)),
        files=tuple(file for one in facts for file in one.files),
    )


def _embed_all(pieces: Sequence[Described], embedder: Embedder, run: Run) -> NDArray[np.float16]:
    """Shape (transpositions, segments, dimensions)."""
    batches = [
        Batch(track, [piece.segment.phrase for piece in group])
        for track, group in groupby(pieces, key=lambda piece: piece.segment.track)
    ]
    parts = []
    work = partial(embed_batch, embedder=embedder.name)
    decode = partial(unpack_vectors, dimension=embedder.dimension)
    results = run.engine.map_cached(
        run.cache,
        lambda batch: batch.key(embedder.sha256),
        work,
        batches,
        decode,
        name=lambda batch: batch.track,
    )
    for batch, result in zip(batches, results, strict=True):
        if isinstance(result, Lost):
            raise CorpusError(f"{result}; give it fewer --jobs, or leave that file out")
        whole = result.shape[1] == len(batch.phrases)  # else the cache holds something else
        parts.append(result if whole else decode(work(batch)))
        run.progress("embedding", len(parts), len(batches))
    return np.concatenate(parts, axis=1)


def _compare_all(
    pieces: Sequence[Described],
    vectors: NDArray[np.float16],
    embedder: Embedder,
    rotations: bool,
    progress: Progress,
) -> Comparison:
    index = {int(semitones): place for place, semitones in enumerate(TRANSPOSITIONS)}
    phrases = [piece.segment.phrase for piece in pieces]

    def move(rows: Rows, semitones: int, by: int) -> Vectors:
        if by:
            return embed_moved(embedder, [phrases[row] for row in rows], semitones, by)
        chosen: Vectors = vectors[index[semitones]][rows].astype(np.float32)
        return chosen

    beats = np.array([phrase.beats for phrase in phrases]) if rotations else None
    return compare(
        move,
        len(pieces),
        beats=beats,
        progress=lambda done, total: progress("comparing", done, total),
    )


def _manifest(
    gathered: Gathered, settings: BuildSettings, embedder: Embedder, comparison: Comparison
) -> dict[str, Any]:
    cut = settings.importing.cut
    named = {"name": gathered.name} if gathered.name else {}
    return {
        **named,
        "embedder": {
            "name": embedder.name,
            "sha256": embedder.sha256,
            "dimension": embedder.dimension,
        },
        "beats": gathered.beats[0] if len(gathered.beats) == 1 else list(gathered.beats),
        "lead_in": cut.lead_in,
        "cut": cut.cut,
        "min_loopability": cut.min_loopability,
        "neighbours": {
            "k": int(comparison.table.shape[1]),
            "method": comparison.method,
            "recall": round(comparison.recall, 4),
            "rotations": settings.rotations,
        },
        "left_out": [{"file": one.file, "reason": one.reason} for one in gathered.left_out],
    }
