"""Every file of an upload, imported: with what is written about it, kept in the cache."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from corpus.cache import Cache, key_of, pack, unpack
from corpus.engine import Engine, Lost
from corpus.errors import CorpusError, MidiFileError
from corpus.importing import (
    Imported,
    ImportSettings,
    Take,
    import_track,
    pack_imported,
    unpack_imported,
)
from corpus.labels import CorpusToml, LabelsCsv, read_csv, read_toml, told, unmatched
from corpus.sources import SIDECARS, Found, Source

CODE = key_of(*(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py"))))
"""Of this room: what another version of it worked out is worked out again."""

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


def gather(found: Found, settings: ImportSettings, beats: int | None, run: Run) -> Gathered:
    """Import all of `found`; `beats` a segment, where they are given, count before corpus.toml.

    CorpusError where what is written about the files makes no sense.
    """
    written = _Written(found)
    left_out = [FileOut(one.file, Path(one.file).name, one.reason) for one in found.left_out]
    left_out += written.unmatched(found)
    known = {source.track: source for source in found.sources}
    takes = _takes(found, written, settings, beats, left_out)
    results = run.engine.map_cached(
        run.cache, _key, _work, takes, _result, name=lambda item: item[0].track
    )
    tracks: list[Imported] = []
    run.progress("reading", 0, len(known))
    for number, result in enumerate(results, 1):
        if isinstance(result, Imported):
            tracks.append(result)
        else:
            source = known[result.name]
            left_out.append(FileOut(source.shown, _within(source), result.reason))
        run.progress("reading", number, len(known))
    run.progress("reading", len(known), len(known))
    return Gathered(tuple(tracks), tuple(left_out), written.name)


class _Written:
    """What corpus.toml and labels.csv say, each read once."""

    def __init__(self, found: Found) -> None:
        self._tomls: dict[bytes, CorpusToml] = {}
        self._tables: dict[bytes, LabelsCsv] = {}
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
        names = [name for tracks in known for name in unmatched(tracks, files)]
        return [FileOut(name, name, "written about, but there is no such file") for name in names]

    def _read(self, source: Source) -> tuple[CorpusToml, LabelsCsv]:
        toml, table = (source.beside(name) or b"" for name in SIDECARS)
        toml_shown, table_shown = (str(Path(source.shown).parent / name) for name in SIDECARS)
        if toml not in self._tomls:
            self._tomls[toml] = read_toml(toml, toml_shown) if toml else CorpusToml()
        if table not in self._tables:
            self._tables[table] = read_csv(table, table_shown) if table else LabelsCsv()
        return self._tomls[toml], self._tables[table]


def _takes(
    found: Found,
    written: _Written,
    settings: ImportSettings,
    beats: int | None,
    left_out: list[FileOut],
) -> Iterator[tuple[Take, ImportSettings]]:
    """The files one by one, as they are needed; what cannot be had goes to `left_out` at once."""
    for source in found.sources:
        toml, table = written.of(source)
        said = told(source.stem, source.folder, toml, table)
        file = _within(source)
        if said.skip:
            left_out.append(FileOut(source.shown, file, "left out, as it is written"))
            continue
        try:
            data = source.read()
        except MidiFileError as error:
            reason = str(error).removeprefix(f"{source.shown}: ")
            left_out.append(FileOut(source.shown, file, reason))
            continue
        chosen = next(one for one in (beats, toml.beats, settings.cut.beats) if one is not None)
        cut = replace(settings.cut, beats=chosen)
        yield Take(source.track, file, data, said), replace(settings, cut=cut)


def _within(source: Source) -> str:
    """The path within the upload: the same wherever the upload lies."""
    return "/".join(filter(None, (source.folder, Path(source.shown).name)))


def _key(item: tuple[Take, ImportSettings]) -> str:
    take, settings = item
    said = asdict(take.told)
    return key_of("import", CODE, take.track, take.file, take.data, said, asdict(settings))


def _work(item: tuple[Take, ImportSettings]) -> bytes:
    """The import, or the reason why there is none, as bytes."""
    take, _ = item
    try:
        return pack_imported(import_track(*item))
    except CorpusError as error:
        reason = str(error).removeprefix(f"{take.file}: ")
        return pack({}, {"track": take.track, "fault": reason})


def _result(data: bytes) -> Imported | Lost:
    arrays, facts = unpack(data)
    if arrays:
        return unpack_imported(data)
    if isinstance(facts, dict) and isinstance(facts.get("fault"), str):
        return Lost(str(facts.get("track")), facts["fault"])
    raise ValueError("neither an import nor a reason")
