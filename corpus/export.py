"""A bundle as MIDI files, one a segment, for any sequencer and for another import.

They are named TRACK_START-END.mid, START and END being seconds in the track, and begin with one
beat of lead-in: the convention that pre-cut material follows (corpus.precut).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from corpus.bundle import Bundle
from corpus.errors import CorpusError
from corpus.midiwrite import write_phrase

LEAD_IN_BEATS = 1.0  # before the first beat of every file
_DIGITS = range(3, 10)  # of a second; three unless two segments are nearer than that
_LONGEST_NAME = 180  # bytes of a track's; file systems take 255 for all of it
_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')  # in a file's name, on whatever system


def export_bundle(bundle: Bundle, folder: Path) -> list[Path]:
    """Write every segment, in the bundle's order, and return the files.

    Seconds in the track are counted at the segment's own tempo: a bundle keeps no tempo map. A
    file that is there already is never replaced: CorpusError.
    """
    files = [folder / f"{name}.mid" for name in segment_names(bundle)]
    _make_room(files, folder)
    tracks = bundle.segments["track"].tolist()
    for row, (file, track) in enumerate(zip(files, tracks, strict=True)):
        write_phrase(file, bundle.phrase(row), track, LEAD_IN_BEATS)
    return files


def segment_names(bundle: Bundle) -> list[str]:
    """The name of each segment's file, without suffix; each name once."""
    taken: set[str] = set()
    names = []
    fields = bundle.segments[["track", "start_beat", "beats", "bpm"]].tolist()
    for track, start, beats, bpm in fields:
        name = next(
            name
            for name in _candidates(_fit(track), start * 60.0 / bpm, (start + beats) * 60.0 / bpm)
            if name.casefold() not in taken
        )
        taken.add(name.casefold())  # some file systems do not tell case
        names.append(name)
    return names


def _candidates(track: str, start: float, end: float) -> Iterator[str]:
    """Names for a segment, the plainest first; there is always another."""
    for digits in _DIGITS:
        yield f"{track}_{max(0.0, start):.{digits}f}-{end:.{digits}f}"
    number = 2
    while True:
        yield f"{track}-{number}_{max(0.0, start):.{_DIGITS[0]}f}-{end:.{_DIGITS[0]}f}"
        number += 1


def _fit(track: str) -> str:
    """A track's name as part of a file's."""
    name = _UNFIT.sub("-", track).encode("utf-8", "replace")[:_LONGEST_NAME]
    return name.decode("utf-8", "ignore").strip(" .") or "track"


def _make_room(files: list[Path], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CorpusError(f"{folder}: cannot be made ({error.strerror}); choose another") from error
    present = next((file for file in files if file.exists()), None)
    if present is not None:
        raise CorpusError(f"{present}: exists; export to an empty folder")
