"""What was uploaded: MIDI files in folders, in zips, or named one by one.

Nothing is ever unpacked to the disk, and nothing outside of what was named is looked at.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from corpus.errors import CorpusError, MidiFileError
from corpus.reading.archive import Archive, Packed, clean, open_archive
from corpus.reading.limits import DEFAULT, Limits
from corpus.reading.midifile import load
from corpus.reading.smf import HEADER

SUFFIXES = (".mid", ".midi", ".kar", ".smf")
SIDECARS = ("corpus.toml", "labels.csv")
NOT_PLAIN = "a pipe, socket or device, not a file"


@dataclass(frozen=True)
class Source:
    """One MIDI file of an upload. Can be pickled and read by another process.

    `shown` is its path as a person knows it ("folder/x.mid", "takes.zip: a/b.mid"), `stem` its
    name without suffix, `track` its name in the corpus, unique among the sources found together,
    `folder` the path within the upload of the folder that holds it, "" at the top.
    """

    shown: str
    track: str
    stem: str
    folder: str
    data: Path | Packed
    sidecars: tuple[tuple[str, Path | Packed], ...] = ()
    limits: Limits = DEFAULT

    def read(self) -> bytes:
        """The bytes of the file; MidiFileError where they cannot be had."""
        return _read(self.data, self.shown, self.limits.midi_bytes)

    def beside(self, name: str) -> bytes | None:
        """The side file of that name (one of SIDECARS), or None.

        That is the one in its folder, or else in the nearest folder around it within the upload.
        CorpusError where it cannot be read.
        """
        data = dict(self.sidecars).get(name)
        if data is None:
            return None
        return _read(data, self.shown_beside(name), self.limits.sidecar_bytes)

    def shown_beside(self, name: str) -> str:
        """The path of that side file as a person knows it; "" where there is none."""
        data = dict(self.sidecars).get(name)
        if isinstance(data, Packed):
            return clean(f"{data.path}: {data.name}")
        return "" if data is None else clean(str(data))


@dataclass(frozen=True)
class Skipped:
    """A file that is not imported, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Found:
    """The sources in order, each once, and what was left out."""

    sources: tuple[Source, ...]
    left_out: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class _Seen:
    """A MIDI file before it has a track name: `path` is its path within the upload."""

    shown: str
    path: PurePosixPath
    around: PurePosixPath  # the folder of the upload that holds a zip
    data: Path | Packed


@dataclass
class _Search:
    limits: Limits
    seen: list[_Seen] = field(default_factory=list)
    sides: list[dict[PurePosixPath, Path | Packed]] = field(default_factory=list)
    uploads: list[int] = field(default_factory=list)  # for each of `seen`, its row in `sides`
    left_out: list[Skipped] = field(default_factory=list)
    known: set[object] = field(default_factory=set)

    def add(self, seen: _Seen) -> None:
        """Once, however often it is named."""
        identity = seen.data.identity if isinstance(seen.data, Packed) else seen.data.resolve()
        if identity not in self.known:
            self.known.add(identity)
            self.seen.append(seen)
            self.uploads.append(len(self.sides) - 1)

    def skip(self, shown: str, reason: str) -> None:
        self.left_out.append(Skipped(clean(shown), reason))


def find_sources(paths: Sequence[Path], limits: Limits = DEFAULT) -> Found:
    """The MIDI files named, and those in the folders and zips named, in order and each once.

    CorpusError where a path does not exist or nothing is found at all.
    """
    search = _Search(limits)
    for path in paths:
        if path.is_dir():
            _search_folder(search, path)
        elif path.is_file():
            _search_file(search, path)
        elif path.exists():
            raise MidiFileError(f"{clean(str(path))}: {NOT_PLAIN}; give MIDI files or a folder")
        else:
            raise MidiFileError(f"{clean(str(path))}: no such file or folder; check the path")
    if not search.seen:
        raise _nothing(paths, search)
    return Found(_named(search), tuple(search.left_out))


def _nothing(paths: Sequence[Path], search: _Search) -> CorpusError:
    if search.left_out:
        first = search.left_out[0]
        return MidiFileError(f"{first.file}: {first.reason}")
    named = clean(", ".join(str(path) for path in paths))
    return MidiFileError(f"{named}: no MIDI files in it; give .mid files or a folder of them")


def _search_file(search: _Search, path: Path) -> None:
    """A file that was named itself: a MIDI file may have any name."""
    search.sides.append({PurePosixPath(n): path.parent / n for n in _side_files(path.parent)})
    if path.suffix.lower() == ".zip":
        _search_zip(search, path, clean(str(path)), PurePosixPath(path.name))
    elif path.suffix.lower() in SUFFIXES or _begins_like_midi(path):
        search.add(_Seen(clean(str(path)), PurePosixPath(path.name), PurePosixPath(), path))
    else:
        search.skip(str(path), "not a MIDI file; give .mid files, a zip or a folder of them")


def _side_files(folder: Path) -> list[str]:
    return [name for name in SIDECARS if (folder / name).is_file()]


def _begins_like_midi(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(HEADER)) == HEADER
    except OSError:
        return False


def _search_folder(search: _Search, top: Path) -> None:
    sides: dict[PurePosixPath, Path | Packed] = {}
    search.sides.append(sides)
    zips: list[tuple[Path, PurePosixPath]] = []
    for file, inside in _walk(search, top):
        suffix = file.suffix.lower()
        if file.name in SIDECARS:
            sides[inside] = file
        elif suffix in SUFFIXES:
            search.add(_Seen(clean(str(file)), inside, PurePosixPath(), file))
        elif suffix == ".zip":
            zips.append((file, inside))
    for file, inside in zips:
        _search_zip(search, file, clean(str(file)), inside)


def _walk(search: _Search, top: Path) -> Iterator[tuple[Path, PurePosixPath]]:
    """The plain files below a folder in order of their names, with their paths in it."""
    limits, count = search.limits, 0
    root = top.resolve()
    for place, folders, files in os.walk(top):  # does not follow links to folders
        folder = Path(place)
        inside = PurePosixPath(folder.relative_to(top).as_posix())
        visible = sorted(name for name in folders if not name.startswith("."))
        if len(inside.parts) >= limits.folder_depth and visible:
            search.skip(str(folder), f"folders inside it are more than {limits.folder_depth} deep")
            visible = []
        folders[:] = visible
        for name in sorted(name for name in files if not name.startswith(".")):
            count += 1
            if count > limits.folder_files:
                search.skip(
                    str(top), f"more than {limits.folder_files} files; the rest is left out"
                )
                return
            if _is_plain(search, folder / name, root):
                yield folder / name, inside / name


def _is_plain(search: _Search, file: Path, root: Path) -> bool:
    """Whether it is a file, and no link that leads out of the folder."""
    if file.is_symlink() and not file.resolve().is_relative_to(root):
        if _is_of_interest(file.name):
            search.skip(str(file), "a link that leads out of the folder; copy the file there")
        return False
    if not file.is_file() and (_is_of_interest(file.name) or file.name in SIDECARS):
        fault = NOT_PLAIN if file.exists() else "a link that leads nowhere"
        search.skip(str(file), f"{fault}; remove it")
    return file.is_file()


def _search_zip(search: _Search, path: Path, shown: str, inside: PurePosixPath) -> None:
    """A zip at `inside` in its upload; side files around it hold for what is in it."""
    try:
        archive = open_archive(path, shown, search.limits)
    except CorpusError as error:
        search.skip(shown, str(error).removeprefix(f"{shown}: "))
        return
    around = {PurePosixPath(n): data for n, data in _sidecars(search.sides[-1], inside)}
    outer = len(search.sides) - 1
    search.sides.append(around | _packed_sides(archive))
    for name, reason in archive.left_out:
        if _is_of_interest(name):
            search.skip(f"{shown}: {name}", reason)
    for entry in archive.entries:
        suffix = PurePosixPath(entry.name).suffix.lower()
        if suffix == ".zip":
            search.skip(f"{shown}: {entry.name}", "a zip inside a zip; unpack it first")
        elif suffix in SUFFIXES:
            search.add(
                _Seen(f"{shown}: {entry.name}", PurePosixPath(entry.name), inside.parent, entry)
            )
    search.sides.append(search.sides[outer])


def _packed_sides(archive: Archive) -> dict[PurePosixPath, Path | Packed]:
    found = [(PurePosixPath(entry.name), entry) for entry in archive.entries]
    return {name: entry for name, entry in found if name.name in SIDECARS}


def _is_of_interest(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in (*SUFFIXES, ".zip")


def _named(search: _Search) -> tuple[Source, ...]:
    names = track_names([(seen.path.stem, _nearest_folder(seen)) for seen in search.seen])
    return tuple(
        Source(
            shown=seen.shown,
            track=name,
            stem=clean(seen.path.stem),
            folder=_folder(seen),
            data=seen.data,
            sidecars=_sidecars(search.sides[upload], seen.path),
            limits=search.limits,
        )
        for seen, name, upload in zip(search.seen, names, search.uploads, strict=True)
    )


def _nearest_folder(seen: _Seen) -> str:
    """The name of the folder that holds it, if need be the one that was named itself."""
    inside = seen.path.parent.name
    return inside if inside or isinstance(seen.data, Packed) else seen.data.absolute().parent.name


def _folder(seen: _Seen) -> str:
    folder = (seen.around / seen.path.parent).as_posix()
    return "" if folder == "." else clean(folder)


def _sidecars(
    sides: dict[PurePosixPath, Path | Packed], path: PurePosixPath
) -> tuple[tuple[str, Path | Packed], ...]:
    """Of each kind the nearest, from the file's folder upwards."""
    found = []
    for name in SIDECARS:
        places = (folder / name for folder in path.parents)
        nearest = next((sides[place] for place in places if place in sides), None)
        if nearest is not None:
            found.append((name, nearest))
    return tuple(found)


def track_names(files: Sequence[tuple[str, str]]) -> list[str]:
    """For each (stem, folder) the stem; where two are the same, with their folder before it."""
    stems = [_plain(stem) for stem, _ in files]
    often = (
        {stem for stem in stems if stems.count(stem) > 1} if len(set(stems)) < len(stems) else ()
    )
    names = []
    taken: set[str] = set()
    for stem, (_, folder) in zip(stems, files, strict=True):
        wanted = f"{_plain(folder)}-{stem}" if stem in often and folder else stem
        names.append(_free(wanted, taken))
    return names


def _free(wanted: str, taken: set[str]) -> str:
    """The name, with a number where it is taken."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    taken.add(name)
    return name


def _plain(name: str) -> str:
    """A name that can be shown and stored: no control characters, never empty."""
    return re.sub(r"\s+", " ", clean(name)).strip() or "track"


def _read(data: Path | Packed, shown: str, most: int) -> bytes:
    return data.read(shown, most) if isinstance(data, Packed) else load(data, shown, most)
