"""Every file of an upload, imported: with what is written about it, kept in the cache."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from corpus.building.cache import Cache, code_key, key_of, pack, unpack
from corpus.building.engine import Engine, Lost
from corpus.building.importing import (
    Imported,
    ImportSettings,
    Take,
    import_track,
    pack_imported,
    unpack_imported,
)
from corpus.errors import CorpusError, MidiFileError
from corpus.reading.labels import CorpusToml, LabelsCsv, read_csv, read_toml, told, unmatched
from corpus.reading.sources import SIDECARS, Found, Source

CODE = code_key()
"""What another version of the project, or of what it counts with, worked out is done again."""

_MOST_SAID = 200  # characters of a fault that nobody has foreseen

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Run:
    """How a build is carried out, which changes nothing in its result."""

    engine: Engine
    cache: Cache
    progress: Progress


@dataclass(frozen=True)
class FileOut:
    """A file that is not in the corpus: as its owner calls it, within the upload, and why."""

    shown: str
    file: str
    reason: str


@dataclass(frozen=True)
class Gathered:
    """The recordings that could be used, in order, and the files that could not."""

    tracks: tuple[Imported, ...]
    left_out: tuple[FileOut, ...]
    name: str | None
    """Of the corpus, where one is written down."""
    beats: tuple[int, ...]
    """Of a segment, as the tracks were cut: more than one where they were asked to differ."""


@dataclass
class _Ledger:
    """What became of the sources, by their places: an engine takes them ahead of their results."""

    asked: list[tuple[int, int]]
    """The place and the beats of each take, in the order in which they were handed over."""
    left_out: dict[int, FileOut]


def gather(found: Found, settings: ImportSettings, beats: int | None, run: Run) -> Gathered:
    """Import all of `found`; `beats` a segment, where they are given, count before corpus.toml.

    CorpusError where what is written about the files makes no sense.
    """
    written = _Written(found)
    left_out = [FileOut(one.file, Path(one.file).name, one.reason) for one in found.left_out]
    left_out += written.unmatched(found)
    ledger = _Ledger([], {})
    takes = _takes(found, written, settings, beats, ledger)
    results = run.engine.map_cached(
        run.cache, _key, _work, takes, _result, name=lambda item: item[0].track
    )
    tracks: list[Imported] = []
    used: set[int] = set()
    total = len(found.sources)
    run.progress("reading", 0, total)
    for number, result in enumerate(results):
        place, length = ledger.asked[number]
        if isinstance(result, Imported):
            tracks.append(result)
            used.add(length)
        else:
            ledger.left_out[place] = _out(found.sources[place], result.reason)
        run.progress("reading", number + 1, total)
    run.progress("reading", total, total)
    left_out += [ledger.left_out[place] for place in sorted(ledger.left_out)]
    return Gathered(tuple(tracks), tuple(left_out), written.name, tuple(sorted(used)))


class _Written:
    """What corpus.toml and labels.csv say, each read once."""

    def __init__(self, found: Found) -> None:
        self._tomls: dict[object, CorpusToml] = {}  # by where they lie
        self._tables: dict[object, LabelsCsv] = {}
        self._of = {source.track: self._read(source) for source in found.sources}

    def of(self, source: Source) -> tuple[CorpusToml, LabelsCsv]:
        return self._of[source.track]

    @property
    def name(self) -> str | None:
        """The first that is given."""
        return next((toml.name for toml in self._tomls.values() if toml.name), None)

    def unmatched(self, found: Found) -> list[FileOut]:
        """Names that no file has: likely misspelt."""
        files = [(source.stem, source.folder) for source in found.sources]
        known: list[Mapping[str, Any]] = [toml.tracks for toml in self._tomls.values()]
        known += [table.tracks for table in self._tables.values()]
        names = dict.fromkeys(name for tracks in known for name in unmatched(tracks, files))
        return [FileOut(name, name, "written about, but there is no such file") for name in names]

    def _read(self, source: Source) -> tuple[CorpusToml, LabelsCsv]:
        toml, table = (dict(source.sidecars).get(name) for name in SIDECARS)
        toml_shown, table_shown = (source.shown_beside(name) for name in SIDECARS)
        if toml not in self._tomls:
            data = source.beside(SIDECARS[0])
            self._tomls[toml] = read_toml(data, toml_shown) if data else CorpusToml()
        if table not in self._tables:
            data = source.beside(SIDECARS[1])
            self._tables[table] = read_csv(data, table_shown) if data else LabelsCsv()
        return self._tomls[toml], self._tables[table]


def _takes(
    found: Found,
    written: _Written,
    settings: ImportSettings,
    beats: int | None,
    ledger: _Ledger,
) -> Iterator[tuple[Take, ImportSettings]]:
    """The files one by one, as they are needed; `ledger` is told of each, and of what is not."""
    for place, source in enumerate(found.sources):
        toml, table = written.of(source)
        said = told(source.stem, source.folder, toml, table)
        if said.skip:
            ledger.left_out[place] = _out(source, "left out, as it is written")
            continue
        try:
            data = source.read()
        except MidiFileError as error:
            reason = str(error).removeprefix(f"{source.shown}: ")
            ledger.left_out[place] = _out(source, reason)
            continue
        chosen = next(one for one in (beats, toml.beats, settings.cut.beats) if one is not None)
        ledger.asked.append((place, chosen))
        cut = replace(settings.cut, beats=chosen)
        take = Take(source.track, _within(source), data, said, stem=source.stem)
        yield take, replace(settings, cut=cut)


def _out(source: Source, reason: str) -> FileOut:
    return FileOut(source.shown, _within(source), reason)


def _within(source: Source) -> str:
    """The path within the upload: the same wherever the upload lies."""
    return "/".join(filter(None, (source.folder, Path(source.shown).name)))


def _key(item: tuple[Take, ImportSettings]) -> str:
    take, settings = item
    return key_of("import", CODE, asdict(take), asdict(settings))


def _work(item: tuple[Take, ImportSettings]) -> bytes:
    """The import, or the reason why there is none, as bytes."""
    take, _ = item
    try:
        return pack_imported(import_track(*item))
    except CorpusError as error:
        reason = str(error).removeprefix(f"{take.file}: ")
    except (ValueError, ArithmeticError, LookupError) as error:  # one file must not end a build
        said = " ".join(f"{type(error).__name__}: {error}".split())[:_MOST_SAID]
        reason = f"cannot be understood ({said}); please report it, with the file"
    return pack({}, {"track": take.track, "fault": reason})


def _result(data: bytes) -> Imported | Lost:
    arrays, facts = unpack(data)
    if arrays:
        return unpack_imported(data)
    if isinstance(facts, dict) and isinstance(facts.get("fault"), str):
        return Lost(str(facts.get("track")), facts["fault"])
    raise ValueError("neither an import nor a reason")
