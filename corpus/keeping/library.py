"""The corpora on a box, one of which is current.

`corpora/NAME` is a bundle, and `corpora/current` a link to one of them. Each of the two is replaced
in one step, so that after a power cut it is the old one or the new one.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from corpus.errors import BundleError
from corpus.keeping import atomic
from corpus.keeping.bundle import open_bundle
from corpus.keeping.manifest import MANIFEST

CURRENT = "current"
KEPT = 3
LONGEST_NAME = 64

_LEFT = (atomic.NEW, atomic.OLD)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_OTHERS = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Library:
    """`folder` is made when it is first needed; everything here may be called by any process, but
    only one of them should change things at a time."""

    folder: Path

    def place(self, name: str) -> Path:
        """Where the bundle of that name is, or will be. BundleError for what is no name."""
        if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME or name == CURRENT:
            raise BundleError(
                f"{name!r} is no name for a corpus: letters, digits, '.', '_' and '-', at most"
                f" {LONGEST_NAME}, and not {CURRENT!r}"
            )
        return self.folder / name

    def names(self) -> list[str]:
        """What there is, the one last used or made first."""
        found = {_shown(path.name) for path in self.folder.glob("*") if not path.is_symlink()}
        places = {name: self.folder / name for name in found if _NAME.fullmatch(name)}
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
        os.utime(_whole(place))
        _link(self.folder / CURRENT, Path(name))
        return place

    def prune(self, keep: int = KEPT) -> list[str]:
        """Remove all but the last so many and the current one; gives the names of those removed."""
        current = self.current()
        old = [name for name in self.names()[keep:] if name != current]
        for name in old:
            for place in (self.place(name), *map(partial(atomic.beside, self.place(name)), _LEFT)):
                atomic.remove(place)
        return old


def name_for(wanted: str, taken: Callable[[str], bool] = lambda name: False) -> str:
    """A name for a corpus as near as may be to the one that a folder or file has; with a number
    behind it where that is taken."""
    name = _OTHERS.sub("-", wanted).strip("-.")[: LONGEST_NAME - 4].rstrip("-.") or "corpus"
    name = f"{name}-1" if name == CURRENT else name
    number, free = 2, name
    while taken(free):
        free, number = f"{name}-{number}", number + 1
    return free


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
