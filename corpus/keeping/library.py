"""The corpora on a box, one of which is current.

`corpora/NAME` is a bundle, and `corpora/current` a link to one of them. Each of the two is replaced
in one step, so that after a power cut it is the old one or the new one.
"""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from corpus.errors import BundleError
from corpus.keeping import atomic
from corpus.keeping.bundle import open_bundle
from corpus.keeping.manifest import MANIFEST
from corpus.keeping.naming import CURRENT, LONGEST_NAME, is_plain

KEPT = 3

_LEFT = (atomic.NEW, atomic.OLD)


@dataclass(frozen=True)
class Library:
    """`folder` is made when it is first needed; everything here may be called by any process, but
    only one of them should change things at a time."""

    folder: Path

    def place(self, name: str) -> Path:
        """Where the bundle of that name is, or will be. BundleError for what is no name."""
        if not is_plain(name) or len(name) > LONGEST_NAME or name == CURRENT:
            raise BundleError(
                f"{name!r} is no name for a corpus: letters, digits, '.', '_' and '-', at most"
                f" {LONGEST_NAME}, and not {CURRENT!r}"
            )
        return self.folder / name

    def names(self) -> list[str]:
        """What there is, the one last used or made first."""
        found = {_shown(path.name) for path in self.folder.glob("*") if not path.is_symlink()}
        places = {name: self.folder / name for name in found if is_plain(name)}
        whole = {name: _whole(place) for name, place in places.items() if _is_whole(place)}
        used = {name: place.stat().st_mtime_ns for name, place in whole.items()}
        return sorted(used, key=lambda name: (-used[name], name))

    def current(self) -> str | None:
        """The name of the one in use; None before the first."""
        try:
            name = os.readlink(self.folder / CURRENT)
        except OSError:
            return None
        return name if name in self.names() else None

    def use(self, name: str) -> Path:
        """Make it the current one, if all of it is sound; gives its bundle. BundleError leaves
        everything as it was."""
        place = self.place(name)
        if not _is_whole(place):
            there = ", ".join(self.names()) or "none yet"
            raise BundleError(f"no corpus {name!r} on this box; there is {there}")
        open_bundle(place, verify=True)
        self.point(name)
        return place

    def point(self, name: str) -> None:
        """Make it the current one without a look at it; a name that is not here makes none
        current."""
        place = self.place(name)
        if _is_whole(place):
            os.utime(_whole(place))
        self.folder.mkdir(parents=True, exist_ok=True)
        _link(self.folder / CURRENT, Path(name))

    def newer(self) -> str | None:
        """The one that was made last, if that was after any was made current."""
        last = next(iter(self.names()), None)
        if last is None:
            return None
        try:
            pointed = os.lstat(self.folder / CURRENT).st_mtime_ns
        except OSError:
            return last
        made = _whole(self.place(last)).stat().st_mtime_ns
        return last if made > pointed else None

    def prune(self, keep: int = KEPT) -> list[str]:
        """Remove all but the last so many and the current one; gives the names of those removed."""
        current = self.current()
        old = [name for name in self.names()[keep:] if name != current]
        for name in old:
            for place in (self.place(name), *map(partial(atomic.beside, self.place(name)), _LEFT)):
                atomic.remove(place)
        return old


def _shown(entry: str) -> str:
    """The name that a folder has, or that of the one that an interrupted replacement left."""
    for what in _LEFT:
        if entry.startswith(".") and entry.endswith(f".{what}"):
            return entry[1 : -len(what) - 1]
    return entry


def _whole(place: Path) -> Path:
    return atomic.find(place, MANIFEST)


def _is_whole(place: Path) -> bool:
    return (_whole(place) / MANIFEST).is_file()


def _link(place: Path, target: Path) -> None:
    new = atomic.beside(place, atomic.NEW)
    atomic.remove(new)
    new.symlink_to(target)
    os.replace(new, place)
    atomic.sync(place.parent)
