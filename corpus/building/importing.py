"""One recording's way into a corpus: read, find the beat, cut, describe.

`import_track` is the work that a build does for every file. It depends on its item and settings
alone, so it can run in any process and its result can be kept (see corpus.building.cache and
corpus.building.engine).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from corpus.building.cache import pack, unpack
from corpus.cutting.precut import cut_by_name, cut_whole
from corpus.cutting.segment import Cut, CutSettings, Segment, cut
from corpus.errors import CorpusError
from corpus.hearing.beats import MIN_CONFIDENCE, in_bars, is_tempo, with_beat
from corpus.hearing.chords import CHORD
from corpus.hearing.describe import DESCRIPTION, Description, describe_all
from corpus.hearing.key import Key, find_key, parse_key
from corpus.reading.labels import Told
from corpus.reading.limits import DEFAULT, Limits
from corpus.reading.midifile import read_recording
from corpus.reading.recording import CHANGE, FILE, LeftOut, Recording
from models.notes import NOTE, PEDAL, Phrase

TOLD_KEY = 1.0  # confidence of a key that somebody wrote down
NO_TEMPO = "the tempo that is written about it: START and END of its name speak against it"
NO_OFFSET = "the first downbeat that is written about it: by its name that is its second beat"

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
    """A file on its way: `track` is its name in the corpus, `file` its path in the upload.

    `stem` is its own name without suffix, which other files may have too; "" where that is `track`.
    """

    track: str
    file: str
    data: bytes
    told: Told
    stem: str = ""


@dataclass(frozen=True)
class TrackFacts:
    """What is known of a recording, as it stands in the manifest and in reports.

    One that came cut into pieces is what its first piece, `file`, says; `files` holds all of them.
    """

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
    files: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Imported:
    """A recording as it goes into a corpus; a segment and its description stand side by side."""

    facts: TrackFacts
    segments: list[Segment]
    descriptions: list[Description]


def import_track(take: Take, settings: ImportSettings) -> Imported:
    """CorpusError where nothing of the file can be used, or its tempo must be asked for."""
    recording = read_recording(take.data, take.track, settings.limits, where=take.file)
    recording, found = _by_name(recording, take, settings) or _as_heard(recording, take, settings)
    if not found.segments:
        raise CorpusError(f"{take.file}: nothing to loop in it: {_reasons(found)}")
    key = parse_key(take.told.key) if take.told.key else find_key(recording.notes)
    phrases = [segment.phrase for segment in found.segments]
    names = [recording.name] * len(phrases)
    told = [key] * len(phrases) if take.told.key else None
    described = describe_all(phrases, names, [key] * len(phrases), told)
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


def _by_name(
    recording: Recording, take: Take, settings: ImportSettings
) -> tuple[Recording, Cut] | None:
    """The segment that the file's name says it is, at the tempo and in the metre that are told."""
    told = take.told
    stem = " ".join(take.stem.split()) or take.track
    recording = in_bars(recording, told.bar)
    at_told = recording if told.tempo is None else _at(recording, told.tempo, told.tempo_source)
    for seen in (at_told, recording):
        found = cut_by_name(seen, stem, settings.cut)
        if found is not None:
            unheeded = [NO_TEMPO] if seen is not at_told else []
            unheeded += [NO_OFFSET] if told.offset is not None else []
            left_out = (*found.left_out, *(LeftOut(reason) for reason in unheeded))
            return seen, replace(found, left_out=left_out)
    return None


def _at(recording: Recording, tempo: float, source: str) -> Recording:
    """The recording on its own beats, at a tempo that somebody told."""
    if not is_tempo(recording, tempo):
        recording = replace(recording, tempos=np.array([(0.0, tempo)], CHANGE))
    return replace(recording, bpm_source=source)


def _as_heard(recording: Recording, take: Take, settings: ImportSettings) -> tuple[Recording, Cut]:
    """The recording on its beats, as one segment where it is one, else cut."""
    told = take.told
    try:
        heard = with_beat(recording, told.tempo, settings.min_confidence, told.bar, told.offset)
    except CorpusError as error:
        raise CorpusError(f"{take.file}: {_without_name(error, recording.name)}") from error
    own_beats = heard.bpm_source == FILE and not _has_upbeat(recording, told)
    if told.tempo is not None:
        heard = replace(heard, bpm_source=told.tempo_source)
    whole = cut_whole(heard) if own_beats else None
    return heard, whole or cut(heard, settings.cut)


def _has_upbeat(recording: Recording, told: Told) -> bool:
    """Whether somebody told that the recording begins before a bar line."""
    bar = float(recording.bars["value"][0]) if told.bar is None else told.bar
    return bool((told.offset or 0.0) % bar)


def _without_name(error: CorpusError, name: str) -> str:
    return str(error).removeprefix(f"{name}: ")


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
        files=(take.file,),
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
    lists = {name: tuple(said[name]) for name in ("repairs", "labels", "files")}
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
