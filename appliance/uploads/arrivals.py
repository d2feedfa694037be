"""When an upload is there: nobody can tell that a file is complete, but only that it has been left
alone for a while."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REPORT = "REPORT.txt"
MOST_ENTRIES = 200_000  # of one upload, to look at


@dataclass(frozen=True)
class Upload:
    """One entry of the inbox, as it was when it had been left alone; `print` tells versions of it
    apart."""

    name: str
    path: Path
    print: str


@dataclass
class _Seen:
    print: str
    closed: bool
    since: int


class Arrivals:
    """Looks at the inbox again and again; an entry is an upload, be it a file or a folder.

    `done` holds the prints of uploads that were dealt with, by name. Hidden entries and reports are
    not looked at. Nothing here follows a link.
    """

    def __init__(self, inbox: Path, quiet_ns: int, done: Mapping[str, str]) -> None:
        self._inbox = inbox
        self._quiet_ns = quiet_ns
        self._done = dict(done)
        self._seen: dict[str, _Seen] = {}

    @property
    def arriving(self) -> list[str]:
        """What is there and was not dealt with as it is."""
        return [name for name, seen in self._seen.items() if self._done.get(name) != seen.print]

    @property
    def waits(self) -> bool:
        """Something is there that has not been left alone for long enough."""
        return bool(self.arriving)

    @property
    def closed(self) -> bool:
        """Something in what is arriving is not open to its group, which the box is in."""
        return any(self._seen[name].closed for name in self.arriving)

    @property
    def done(self) -> dict[str, str]:
        return dict(self._done)

    def look(self, now: int) -> list[Upload]:
        """What has been left alone since `quiet_ns` before now (ns), and was not dealt with."""
        entries = _entries(self._inbox)
        looked = {entry.name: _look_at(entry) for entry in entries}
        prints = {name: found for name, (found, _) in looked.items()}
        self._seen = {
            name: seen
            if (seen := self._seen.get(name)) is not None and seen.print == found
            else _Seen(found, closed, now)
            for name, (found, closed) in looked.items()
        }
        self._done = {name: found for name, found in self._done.items() if name in prints}
        return [
            Upload(entry.name, Path(entry.path), prints[entry.name])
            for entry in entries
            if self._done.get(entry.name) != prints[entry.name]
            and now - self._seen[entry.name].since >= self._quiet_ns
        ]

    def settle(self, upload: Upload) -> None:
        """It was dealt with, as it was; should it change, it is another upload."""
        self._done[upload.name] = upload.print


def report_for(upload: Path) -> Path:
    """Where the report about an upload goes: into a folder, beside a file."""
    return upload / REPORT if upload.is_dir() else upload.with_name(f"{upload.name}.{REPORT}")


def _entries(inbox: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(inbox) as found:
            wanted = [entry for entry in found if _is_upload(entry)]
    except OSError:  # the inbox is gone; it may come back
        return []
    return sorted(wanted, key=lambda entry: entry.name)


def _is_upload(entry: os.DirEntry[str]) -> bool:
    hidden = entry.name.startswith(".") or entry.name.endswith(REPORT)
    return not hidden and not entry.is_symlink()


def _look_at(entry: os.DirEntry[str]) -> tuple[str, bool]:
    """Its print, and whether anything in it is closed."""
    digest, closed = hashlib.sha256(), False
    for number, (path, facts) in enumerate(_walk(entry, entry.name)):
        if number >= MOST_ENTRIES:
            break
        size = facts.st_size if stat.S_ISREG(facts.st_mode) else 0
        digest.update(os.fsencode(path) + f"\0{facts.st_mode} {size} ".encode())
        if stat.S_ISREG(facts.st_mode):
            digest.update(str(facts.st_mtime_ns).encode())
        closed = closed or not facts.st_mode & stat.S_IRGRP
    return digest.hexdigest(), closed


def _walk(entry: os.DirEntry[str], path: str) -> Iterator[tuple[str, os.stat_result]]:
    """The entry and all in it, in order of name; what vanishes on the way is left out."""
    try:
        yield path, entry.stat(follow_symlinks=False)
        if not entry.is_dir(follow_symlinks=False):
            return
        with os.scandir(entry.path) as found:
            inside = sorted(found, key=lambda one: one.name)
    except OSError:
        return
    for one in inside:
        if one.name != REPORT:
            yield from _walk(one, f"{path}/{one.name}")
