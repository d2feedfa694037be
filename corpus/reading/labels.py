"""What somebody wrote about the recordings: corpus.toml, labels.csv, file and folder names.

corpus.toml, beside the files (everything in it may be left out):

    name = "night sessions"       # of the corpus
    beats = 8                     # of a segment, 4 to 16
    tempo = 96                    # BPM, 20 to 400; this and what follows hold for every file
    metre = "3/4"                 # or bar = 3, in beats (quarter notes)
    key = "F minor"
    labels = ["2024", "felt piano"]

    [tracks."20240131-96-02"]     # one file, by its name without .mid, or as folder/name
    tempo = 92
    offset = 1                    # beats before the first downbeat; see below
    labels = ["ballad"]
    skip = true                   # leave this file out

labels.csv, beside the files: a header line with `file` and any of `bpm`, `metre`, `key`, `labels`
(separated by | or a comma), `offset` and `skip`; every further column is a label `column=value`.
A name like 20240131-96-02 (day, BPM, number) tells the tempo.

`offset` counts the file's own beats (quarter notes, as any sequencer shows them) from its very
start, whatever beat is heard in it later. Later changes of metre in the file stay where they are,
unless a metre is told, which then holds throughout. Files whose name says that they are cut
already (corpus.cutting.precut) need no `offset`; the report says where one was not heeded. A `key`
is that of the piece: every segment of it has it.

Where they differ corpus.toml counts before labels.csv before the name; labels add up.
"""

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Any

from corpus.errors import CorpusError
from corpus.reading.recording import LABELS, NAME, TOML

TEMPOS = (20.0, 400.0)  # BPM
BARS = (1.0, 16.0)  # beats
OFFSETS = (0.0, 64.0)  # beats
SEGMENT_BEATS = (4, 16)
MAX_BYTES = 5_000_000
MAX_LABEL = 40  # characters

_NAMED = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d{2,3}(?:\.\d+)?)-\d+")
_METRE = re.compile(r"(\d{1,2})\s*/\s*(1|2|4|8|16|32)")
_KEY = re.compile(r"([A-Ga-g])\s*([#b♯♭]?)\s*[:-]?\s*(m|min|minor|moll|maj|major|dur)?", re.ASCII)
_MINOR = ("m", "min", "minor", "moll")
_NOT_IN_LABELS = re.compile(r"[\s,;|\x00-\x1f\x7f-\x9f]+")
_YES, _NO = ("yes", "true", "1", "y", "x"), ("no", "false", "0", "n", "")


@dataclass(frozen=True)
class Facts:
    """What one place says about a recording; None where it says nothing."""

    tempo: float | None = None
    bar: float | None = None
    key: str | None = None
    offset: float | None = None
    labels: tuple[str, ...] = ()
    skip: bool | None = None
    written: str = field(default="", compare=False)
    """The file's name, as it stands there."""


@dataclass(frozen=True)
class CorpusToml:
    """A corpus.toml: `everywhere` holds for all files, `tracks` for one each, by its name."""

    name: str | None = None
    beats: int | None = None
    everywhere: Facts = Facts()
    tracks: Mapping[str, Facts] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelsCsv:
    """A labels.csv: what it says about each file, by its name."""

    tracks: Mapping[str, Facts] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """What is known about a recording before it is heard.

    `tempo` in BPM, and where that is written (TOML, LABELS or NAME of corpus.reading.recording; ""
    where it is not); `bar` in beats; `offset`, the first downbeat, in the file's own beats; `key`
    like "F minor".
    """

    tempo: float | None
    tempo_source: str
    bar: float | None
    key: str | None
    labels: tuple[str, ...]
    skip: bool
    offset: float | None = None


def told(
    stem: str, folder: str = "", toml: CorpusToml | None = None, table: LabelsCsv | None = None
) -> Told:
    """What is written about the file `stem` in `folder`, a path relative to the source."""
    written = toml or CorpusToml()
    sources = [
        (TOML, _facts_of(written.tracks, stem, folder)),
        (TOML, written.everywhere),
        (LABELS, _facts_of((table or LabelsCsv()).tracks, stem, folder)),
        (NAME, Facts(tempo=named_tempo(stem))),
    ]
    facts = [found for _, found in sources]
    tempos = [(found.tempo, source) for source, found in sources if found.tempo is not None]
    tempo, tempo_source = tempos[0] if tempos else (None, "")
    labels = [*PurePosixPath(folder).parts, *(label for found in facts for label in found.labels)]
    return Told(
        tempo=tempo,
        tempo_source=tempo_source,
        bar=_first(found.bar for found in facts),
        key=_first(found.key for found in facts),
        labels=clean_labels(labels),
        skip=bool(_first(found.skip for found in facts)),
        offset=_first(found.offset for found in facts),
    )


def read_toml(data: bytes, name: str) -> CorpusToml:
    """Parse a corpus.toml; CorpusError names the file, the line or key, and what is allowed."""
    try:
        table = tomllib.loads(_text(data, name))
    except (ValueError, RecursionError) as error:
        if isinstance(error, CorpusError):
            raise
        fault = " ".join(str(error).split()) or "nested too deeply"
        raise CorpusError(f"{name}: not a TOML file: {fault}") from error
    _check_keys(table, (*_FACTS, "name", "beats", "tracks"), name, "")
    tracks = table.get("tracks", {})
    if not isinstance(tracks, dict) or not all(isinstance(t, dict) for t in tracks.values()):
        raise CorpusError(f'{name}: tracks: write a table for each file, [tracks."NAME"]')
    by_name: dict[str, Facts] = {}
    for track, facts in tracks.items():
        where = f'tracks."{_printable(track)}"'
        _check_keys(facts, _FACTS, name, f"{where}.")
        _add(by_name, track, _facts(facts, name, f"{where}."), f"{name}: {where}")
    return CorpusToml(
        name=_text_value(table["name"], f"{name}: name") if "name" in table else None,
        beats=_whole(table["beats"], f"{name}: beats") if "beats" in table else None,
        everywhere=_facts({k: v for k, v in table.items() if k in _FACTS}, name, ""),
        tracks=by_name,
    )


def read_csv(data: bytes, name: str) -> LabelsCsv:
    """Parse a labels.csv; CorpusError names the file, the line, and what is allowed.

    Cells are parted by commas, semicolons or tabs, whichever the header uses most; with
    semicolons a number may have a decimal comma, as spreadsheets of some countries write it.
    """
    text = _text(data, name)
    header_line = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=header_line.count)
    rows = _rows(text, delimiter, name)
    _, header = next(rows, (0, []))
    columns = [_ALIASES.get(cell.strip().casefold(), cell.strip()) for cell in header]
    _check_columns(columns, name)
    by_name: dict[str, Facts] = {}
    for line, cells in rows:
        where = f"{name} line {line}"
        if any(cell.strip() for cell in cells[len(columns) :]):
            raise CorpusError(f"{where}: {len(cells)} cells under {len(columns)} columns; quote it")
        row = {c: cell.strip() for c, cell in zip(columns, cells, strict=False) if cell.strip()}
        if "file" not in row:
            raise CorpusError(f"{where}: no name in the column file")
        facts = _row_facts(row, where, decimal_comma=delimiter != ",")
        _add(by_name, row["file"], facts, f"{where}: {_printable(row['file'])}")
    return LabelsCsv(by_name)


def named_tempo(stem: str) -> float | None:
    """The BPM in a name like 20240131-96-02; None where the name follows another habit."""
    match = _NAMED.fullmatch(stem)
    if not match:
        return None
    month, day, bpm = int(match[2]), int(match[3]), float(match[4])
    dated = 1 <= month <= 12 and 1 <= day <= 31
    return bpm if dated and TEMPOS[0] <= bpm <= TEMPOS[1] else None


def clean_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Each once in its first spelling, of one line, without what separates labels, not too long."""
    cleaned: dict[str, str] = {}
    for label in labels:
        text = _NOT_IN_LABELS.sub(" ", label).strip()[:MAX_LABEL].strip()
        if text:
            cleaned.setdefault(text.casefold(), text)
    return tuple(cleaned.values())


def unmatched(tracks: Mapping[str, Facts], files: Iterable[tuple[str, str]]) -> list[str]:
    """The names in `tracks` that none of the files, (stem, folder), has: a slip of the pen?"""
    known = {key for stem, folder in files for key in _keys(stem, folder)}
    missing = [(track, facts) for track, facts in tracks.items() if track not in known]
    return [_printable(facts.written or track) for track, facts in missing]


def _first(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def _facts_of(tracks: Mapping[str, Facts], stem: str, folder: str) -> Facts:
    return next((tracks[key] for key in _keys(stem, folder) if key in tracks), Facts())


def _keys(stem: str, folder: str) -> tuple[str, str]:
    return _key_of(f"{folder}/{stem}" if folder else stem), _key_of(stem)


def _key_of(track: str) -> str:
    """A file's name as it is looked up: without .mid, any case, / between folders."""
    plain = track.strip().replace("\\", "/").removeprefix("./").casefold()
    return plain.removesuffix(".mid").removesuffix(".midi")


def _add(by_name: dict[str, Facts], track: str, facts: Facts, where: str) -> None:
    key = _key_of(track)
    if key in by_name:
        raise CorpusError(f"{where}: named a second time; keep one")
    by_name[key] = replace(facts, written=track.strip())


def _text(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise CorpusError(f"{name}: {len(data)} bytes, at most {MAX_BYTES}")
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide or name.casefold().endswith(".toml"):
            line = data[: error.start].count(b"\n") + 1
            raise CorpusError(f"{name}: line {line} is not UTF-8; save it as UTF-8") from error
        text = data.decode("cp1252", errors="replace")  # what spreadsheets write
    if "\0" in text:
        raise CorpusError(f"{name}: not a text file; save it as UTF-8 text")
    return text


def _check_keys(table: dict[str, Any], known: Iterable[str], name: str, prefix: str) -> None:
    allowed = list(known)
    for key in table:
        if key not in allowed:
            near = get_close_matches(key.casefold(), allowed, 1)
            cure = f"did you mean {near[0]}?" if near else f"known are {', '.join(allowed)}"
            raise CorpusError(f"{name}: {prefix}{_printable(key)}: no such key; {cure}")


def _facts(table: dict[str, Any], name: str, prefix: str) -> Facts:
    if "bar" in table and "metre" in table:
        raise CorpusError(f"{name}: {prefix}bar and metre say the same thing; keep one")
    values = {
        _FACTS[key][0]: _FACTS[key][1](value, f"{name}: {prefix}{key}")
        for key, value in table.items()
        if key in _FACTS
    }
    return Facts(**values)


def _row_facts(row: dict[str, str], where: str, decimal_comma: bool) -> Facts:
    values: dict[str, Any] = {}
    further: list[str] = []
    for column, cell in row.items():
        if column in _CELLS:
            key, parse = _CELLS[column]
            number = cell.replace(",", ".") if decimal_comma and column != "labels" else cell
            values[key] = parse(number, f"{where}: {column}")
        elif column and column != "file":
            further.append(f"{column}={cell}")
    return Facts(**values | {"labels": clean_labels([*values.get("labels", ()), *further])})


def _rows(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(f"{name} line {line}: {error}; check its quotes") from error


def _check_columns(columns: list[str], name: str) -> None:
    if "file" not in columns:
        near = get_close_matches("file", [column.casefold() for column in columns], 1)
        cure = (
            f"is {_printable(near[0])} it?"
            if near
            else "begin with a line file,bpm,metre,key,labels"
        )
        raise CorpusError(f"{name} line 1: no column named file; {cure}")
    doubled = next((c for i, c in enumerate(columns) if c and c in columns[:i]), None)
    if doubled:
        raise CorpusError(f"{name} line 1: two columns named {_printable(doubled)}; rename one")


def _number(value: Any, where: str, limits: tuple[float, float], unit: str) -> float:
    number = _as_float(value)
    if number is None or not limits[0] <= number <= limits[1]:
        allowed = f"give {limits[0]:g} to {limits[1]:g} {unit}"
        raise CorpusError(f"{where}: {_shown(value)} is not possible; {allowed}")
    return number


def _as_float(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _tempo(value: Any, where: str) -> float:
    return _number(value, where, TEMPOS, "BPM")


def _bar(value: Any, where: str) -> float:
    return _number(value, where, BARS, "beats")


def _offset(value: Any, where: str) -> float:
    return _number(value, where, OFFSETS, "beats")


def _whole(value: Any, where: str) -> int:
    number = _number(value, where, SEGMENT_BEATS, "beats")
    if not number.is_integer():
        raise CorpusError(f"{where}: {_shown(value)} is not a whole number of beats")
    return int(number)


def _metre(value: Any, where: str) -> float:
    """Bar length in beats of a time signature, or of a number of beats."""
    match = _METRE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match:
        return _number(int(match[1]) * 4.0 / int(match[2]), where, BARS, "beats")
    if isinstance(value, str) and _as_float(value) is None:
        raise CorpusError(f"{where}: {_shown(value)} is no metre; write one like 3/4 or 6/8")
    return _bar(value, where)


def _key(value: Any, where: str) -> str:
    """Like "F minor", however it was written."""
    match = _KEY.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise CorpusError(f"{where}: {_shown(value)} is no key; write one like F minor or Bb major")
    accidental = {"♯": "#", "♭": "b"}.get(match[2], match[2])
    return f"{match[1].upper()}{accidental} {'minor' if match[3] in _MINOR else 'major'}"


def _labels(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        raise CorpusError(f'{where}: write a list of texts, like ["ballad", "2024"]')
    return clean_labels(value)


def _label_cell(value: str, where: str) -> tuple[str, ...]:
    return clean_labels(re.split(r"[|,;]", value))


def _text_value(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise CorpusError(f"{where}: {_shown(value)} is no name; write a line of text in quotes")
    return value.strip()


def _skip(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise CorpusError(f"{where}: {_shown(value)} is neither true nor false")


def _skip_cell(value: str, where: str) -> bool:
    if value.casefold() in (*_YES, *_NO):
        return value.casefold() in _YES
    raise CorpusError(f"{where}: {_shown(value)} is neither yes nor no")


def _printable(text: str) -> str:
    return text if text.isprintable() else ascii(text)


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


_Parse = Callable[[Any, str], Any]
_FACTS: dict[str, tuple[str, _Parse]] = {
    "tempo": ("tempo", _tempo),
    "bar": ("bar", _bar),
    "metre": ("bar", _metre),
    "key": ("key", _key),
    "labels": ("labels", _labels),
    "offset": ("offset", _offset),
    "skip": ("skip", _skip),
}
_CELLS: dict[str, tuple[str, _Parse]] = {
    "bpm": ("tempo", _tempo),
    "metre": ("bar", _metre),
    "key": ("key", _key),
    "labels": ("labels", _label_cell),
    "offset": ("offset", _offset),
    "skip": ("skip", _skip_cell),
}
_ALIASES = {name: name for name in ("file", *_CELLS)} | {"tempo": "bpm", "meter": "metre"}
