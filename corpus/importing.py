"""One recording's way into a corpus: read, find the beat, cut, describe.

`import_track` is the work that a build does for every file. It depends on its item and settings
alone, so it can run in any process and its result can be kept (see corpus.cache, corpus.engine).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from corpus.beats import MIN_CONFIDENCE, with_beat
from corpus.cache import pack, unpack
from corpus.chords import CHORD
from corpus.describe import DESCRIPTION, Description, describe_all
from corpus.errors import CorpusError
from corpus.key import Key, find_key, parse_key
from corpus.labels import Told
from corpus.limits import DEFAULT, Limits
from corpus.midifile import read_recording
from corpus.precut import precut
from corpus.recording import CHANGE, FILE, LeftOut, Recording
from corpus.segment import Cut, CutSettings, Segment, cut
from models.notes import NOTE, PEDAL, Phrase

TOLD_KEY = 1.0  # confidence of a key that somebody wrote down

_ROW = np.dtype(
    [
        ("start_beat", "<f8"),
        ("beats", "<f8"),
        ("bpm", "<f8"),
        ("bar", "<f8"),
        ("loopability", "<f8"),
        ("transposed", "<i8"),
        ("rotated", "<f8"),
        ("notes", "<i8"),
        ("pedals", "<i8"),
        ("chords", "<i8"),
    ]
)


@dataclass(frozen=True)
class ImportSettings:
    """What holds for every recording. Below `min_confidence` a tempo is asked for, not guessed."""

    cut: CutSettings = field(default_factory=CutSettings)
    min_confidence: float = MIN_CONFIDENCE
    limits: Limits = DEFAULT


@dataclass(frozen=True)
class Take:
    """A file on its way: `track` is its name in the corpus, `file` its path in the upload."""

    track: str
    file: str
    data: bytes
    told: Told


@dataclass(frozen=True)
class TrackFacts:
    """What is known of a recording, as it stands in the manifest and in reports."""

    name: str
    file: str
    bpm: float
    bpm_source: str
    bpm_confidence: float
    key: str
    key_confidence: float
    segments: int
    left_out: tuple[LeftOut, ...] = ()
    repairs: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Imported:
    """A recording as it goes into a corpus; a segment and its description stand side by side."""

    facts: TrackFacts
    segments: list[Segment]
    descriptions: list[Description]


def import_track(take: Take, settings: ImportSettings) -> Imported:
    """CorpusError where nothing of the file can be used, or its tempo must be asked for."""
    recording = read_recording(take.data, take.track, settings.limits, where=take.file)
    found = precut(recording, False, settings.cut)  # by its name, whatever is heard in it
    if found is None:
        recording = _on_its_beats(recording, take, settings)
        found = precut(recording, recording.bpm_source == FILE, settings.cut)
    found = found or cut(recording, settings.cut)
    if not found.segments:
        raise CorpusError(f"{take.file}: nothing to loop in it: {_reasons(found)}")
    key = parse_key(take.told.key) if take.told.key else find_key(recording.notes)
    phrases = [segment.phrase for segment in found.segments]
    names = [recording.name] * len(phrases)
    described = describe_all(phrases, names, [key] * len(phrases))
    facts = _facts(take, recording, key, found)
    return Imported(facts, found.segments, described)


def pack_imported(imported: Imported) -> bytes:
    """As bytes, for a cache or another process."""
    segments, descriptions = imported.segments, imported.descriptions
    phrases = [segment.phrase for segment in segments]
    rows = [
        (
            *(s.start_beat, p.beats, p.bpm, p.bar, s.loopability, s.transposed, s.rotated),
            *(len(p.notes), len(p.pedals), len(d.chords)),
        )
        for s, p, d in zip(segments, phrases, descriptions, strict=True)
    ]
    arrays = {
        "rows": np.array(rows, _ROW),
        "notes": np.concatenate([phrase.notes for phrase in phrases]),
        "pedals": np.concatenate([phrase.pedals for phrase in phrases]),
        "layers": np.concatenate([one.layers for one in descriptions]),
        "chords": np.concatenate([one.chords for one in descriptions]),
        "descriptions": np.array([one.row for one in descriptions], DESCRIPTION),
    }
    names = [(segment.track, segment.origin) for segment in segments]
    return pack(arrays, {"facts": asdict(imported.facts), "names": names})


def unpack_imported(data: bytes) -> Imported:
    """What `pack_imported` made; ValueError where it is not that."""
    arrays, said = unpack(data)
    try:
        _check_types(arrays)
        facts = _facts_from(said["facts"])
        names = [(str(track), str(origin)) for track, origin in said["names"]]
        return Imported(facts, *_pieces(arrays, names))
    except (LookupError, TypeError) as error:
        raise ValueError(f"not an imported recording ({error})") from error


def _on_its_beats(recording: Recording, take: Take, settings: ImportSettings) -> Recording:
    told = take.told
    if told.bar is not None:
        recording = replace(recording, bars=np.array([(0.0, told.bar)], CHANGE))
    try:
        heard = with_beat(recording, told.tempo, settings.min_confidence)
    except CorpusError as error:
        raise CorpusError(f"{take.file}: {_without_name(error, recording.name)}") from error
    if told.tempo is not None:
        heard = replace(heard, bpm_source=told.tempo_source)
    if told.bar is not None:
        heard = replace(heard, bars=np.array([(0.0, told.bar)], CHANGE))
    return _shifted(heard, told.offset) if told.offset else heard


def _without_name(error: CorpusError, name: str) -> str:
    return str(error).removeprefix(f"{name}: ")


def _shifted(recording: Recording, offset: float) -> Recording:
    """Bars that begin at beat `offset`, where somebody says that the first downbeat is."""
    bar = float(recording.bars["value"][0])
    bars = np.array([(0.0, offset % bar or bar), (offset % bar, bar)], CHANGE)
    return replace(recording, bars=bars if offset % bar else bars[:1])


def _reasons(found: Cut) -> str:
    return "; ".join(one.reason for one in found.left_out) or "shorter than a segment"


def _facts(take: Take, recording: Recording, key: Key, found: Cut) -> TrackFacts:
    end = max(1.0, recording.beats)
    return TrackFacts(
        name=found.segments[0].track,
        file=take.file,
        bpm=round(recording.bpm(0.0, end), 2),
        bpm_source=recording.bpm_source,
        bpm_confidence=round(recording.bpm_confidence, 3),
        key=key.name,
        key_confidence=TOLD_KEY if take.told.key else round(key.confidence, 3),
        segments=len(found.segments),
        left_out=(*recording.left_out, *found.left_out),
        repairs=recording.repairs,
        labels=take.told.labels,
    )


def _check_types(arrays: dict[str, Any]) -> None:
    types: dict[str, np.dtype[Any]] = {
        "rows": _ROW,
        "notes": NOTE,
        "pedals": PEDAL,
        "layers": np.dtype(np.uint8),
        "chords": CHORD,
        "descriptions": DESCRIPTION,
    }
    for name, dtype in types.items():
        if arrays[name].dtype != dtype:
            raise ValueError(f"{name} of another type: {arrays[name].dtype}")


def _facts_from(said: dict[str, Any]) -> TrackFacts:
    left_out = tuple(LeftOut(**one) for one in said["left_out"])
    lists = {name: tuple(said[name]) for name in ("repairs", "labels")}
    return TrackFacts(**{**said, **lists, "left_out": left_out})


def _pieces(
    arrays: dict[str, Any], names: Sequence[tuple[str, str]]
) -> tuple[list[Segment], list[Description]]:
    rows = arrays["rows"]
    notes, pedals, chords = (
        np.split(arrays[name], np.cumsum(rows[name])[:-1]) for name in ("notes", "pedals", "chords")
    )
    layers = np.split(arrays["layers"], np.cumsum(rows["notes"])[:-1])
    segments, descriptions = [], []
    for i, (row, (track, origin)) in enumerate(zip(rows.tolist(), names, strict=True)):
        start, beats, bpm, bar, loopability, transposed, rotated = row[:7]
        phrase = Phrase(notes[i], pedals[i], beats, bpm, bar)
        segments.append(Segment(track, start, phrase, loopability, origin, transposed, rotated))
        descriptions.append(Description(arrays["descriptions"][i], layers[i], chords[i]))
    return segments, descriptions
