"""How much room sessions may take: the newest are kept."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.folder import EVENTS
from appliance.jobs import finish_folder

MB = 1_000_000


@dataclass(frozen=True)
class Kept:
    """A session folder, and what it takes on the disk (bytes)."""

    folder: Path
    size: int


def newest_first(folder: Path) -> list[Path]:
    """The sessions in a folder, by the names that the box gives them; what is none is passed
    over."""
    found = [place for place in _entries(folder) if (place / EVENTS).is_file()]
    return sorted(found, key=_order, reverse=True)


def sessions(folder: Path) -> list[Kept]:
    """Those in a folder with their sizes, newest first."""
    return [Kept(place, _size(place)) for place in newest_first(folder)]


def prune(folder: Path, most_bytes: int, spare: frozenset[Path] = frozenset()) -> list[Path]:
    """Remove the oldest of those that together take more; gives those removed.

    The newest stays, and so do those to `spare`: one is being written.
    """
    removed: list[Path] = []
    taken = 0
    for number, kept in enumerate(sessions(folder)):
        taken += kept.size
        if taken > most_bytes and number > 0 and kept.folder not in spare:
            shutil.rmtree(kept.folder, ignore_errors=True)
            removed.append(kept.folder)
    return removed


def finish_within(folder: Path, most_bytes: int) -> list[Path]:
    """Finish the folder of a take that is over, and make room for the next; 0 removes nothing.

    Whatever the quota, sessions take no more than half of their disk: a small card has to hold
    corpora and the next take as well.

    For a worker. Meanwhile another take may have begun: what is newer than this folder is spared.
    """
    finish_folder(folder)
    if not most_bytes:
        return []
    newer = frozenset(place for place in _entries(folder.parent) if _order(place) >= _order(folder))
    half = shutil.disk_usage(folder.parent).total // 2
    return prune(folder.parent, min(most_bytes, half), newer)


def _entries(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder) if _is_folder(entry)]
    except OSError:  # there is none yet
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")


def _order(folder: Path) -> tuple[str, int]:
    """By time; of those of one second by their number, of which the first has none."""
    day, _, rest = folder.name.partition("-")
    second, _, number = rest.partition("-")
    return f"{day}-{second}", int(number) if number.isdecimal() else 1


def _size(folder: Path) -> int:
    return sum(facts.st_blocks * 512 for facts in _stats(folder))


def _stats(folder: Path) -> Iterator[os.stat_result]:
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(os.path.join(root, name))
            except OSError:  # gone meanwhile
                continue
