"""Build a bundle from recordings: find, read, cut, embed, compare, write."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from corpus.bundle import check_replaceable, write_bundle
from corpus.errors import CorpusError, MidiFileError
from corpus.midifile import read_recording
from corpus.neighbours import K, neighbour_table
from corpus.segment import DEFAULT_BEATS, LEAD_IN, MAX_BEATS, MIN_BEATS, Segment, cut
from models.embedder import Embedder

SUFFIXES = (".mid", ".midi")
_WORTH_A_POOL = 12  # files; below it, starting workers costs more than they save
_BATCH = 2048  # phrases embedded at once

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class BuildReport:
    """What went into a bundle; `left_out` holds a line for every file that did not."""

    tracks: int
    segments: int
    left_out: tuple[str, ...]


def build_bundle(
    sources: Sequence[Path],
    out: Path,
    embedder: Embedder,
    beats: int = DEFAULT_BEATS,
    jobs: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> BuildReport:
    """Make the bundle `out`; the same sources give the same bytes.

    A file that cannot be read is left out and reported. CorpusError where a source does not
    exist or nothing remains to play.
    """
    if not MIN_BEATS <= beats <= MAX_BEATS:
        raise CorpusError(f"--beats {beats}: a segment has {MIN_BEATS} to {MAX_BEATS} beats")
    check_replaceable(out)
    files = find_recordings(sources)
    segments: list[Segment] = []
    left_out: list[str] = []
    tracks = 0
    cuts = _cut_files(files, beats, jobs)
    for number, (file, found) in enumerate(zip(files, cuts, strict=True), 1):
        if isinstance(found, str):
            left_out.append(found)
        elif not found:
            left_out.append(f"{file}: shorter than a segment of {beats} beats, or nearly silent")
        else:
            segments += found
            tracks += 1
        progress("reading", number, len(files))
    if not segments:
        raise CorpusError(f"nothing to build from: {left_out[0]}")
    phrases = [segment.phrase for segment in segments]
    vectors = np.concatenate(
        [embedder.embed(phrases[i : i + _BATCH]) for i in range(0, len(phrases), _BATCH)]
    )
    progress("comparing", 0, len(segments))
    table = neighbour_table(embedder, phrases, vectors, K)
    progress("comparing", len(segments), len(segments))
    write_bundle(
        out,
        segments,
        vectors,
        table,
        embedder={
            "name": embedder.name,
            "sha256": embedder.sha256,
            "dimension": embedder.dimension,
        },
        settings={"beats": beats, "lead_in": LEAD_IN, "neighbours": int(table.shape[1])},
    )
    return BuildReport(tracks, len(segments), tuple(left_out))


def find_recordings(sources: Sequence[Path]) -> list[Path]:
    """The MIDI files named, and those inside the folders named, in order and each once."""
    files: dict[Path, Path] = {}  # one file may be named in several ways
    for source in sources:
        if source.is_dir():
            inside = (f for f in source.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
            files |= {file.resolve(): file for file in sorted(inside)}
        elif source.is_file():
            files.setdefault(source.resolve(), source)
        else:
            raise MidiFileError(f"{source}: no such file or folder; check the path")
    if not files:
        named = ", ".join(str(source) for source in sources)
        raise MidiFileError(f"{named}: no MIDI files in it; give .mid files or a folder of them")
    return list(files.values())


def _cut_files(files: list[Path], beats: int, jobs: int) -> Iterator[list[Segment] | str]:
    """The segments of each file in order, or the reason why there are none."""
    names = _track_names(files)
    work = (files, names, [beats] * len(files))
    if jobs == 1 or len(files) < _WORTH_A_POOL:
        yield from map(_cut_file, *work)
        return
    # spawn: a fork of a process that has threads (numpy's among them) may hang
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_cut_file, *work, chunksize=4)


def _cut_file(file: Path, name: str, beats: int) -> list[Segment] | str:
    try:
        recording = read_recording(file)
    except MidiFileError as error:
        return str(error)
    return cut(replace(recording, name=name), beats)


def _track_names(files: Sequence[Path]) -> list[str]:
    """The stem of each file; where two are the same, with their folder before it."""
    stems = [file.stem for file in files]
    names = [
        stem if stems.count(stem) == 1 else f"{file.parent.name}-{stem}"
        for file, stem in zip(files, stems, strict=True)
    ]
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[index] = f"{name}-{seen[name]}"
    return names
