"""Replacing a folder so that, whatever happens, its place holds the old one or the new one whole.

A new folder is filled beside its place, under `beside(place, NEW)`, and brought to the disk; then
the two change places in one step where the file system can do that (ext4, XFS, Btrfs, tmpfs, ...).
Where it cannot, the old one is set aside first, and for a moment, or after a power cut until the
next writer, the place is empty: `find` knows where to look then. A folder is whole when its
`mark`, the file that is written last, is there.
"""

import ctypes
import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

NEW, OLD = "new", "old"

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_CANNOT = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


def beside(place: Path, what: str) -> Path:
    return place.with_name(f".{place.name}.{what}")


def find(place: Path, mark: str) -> Path:
    """The whole folder for `place`: itself, or what an interrupted replacement has left."""
    if not os.path.lexists(place):
        for folder in (beside(place, OLD), beside(place, NEW)):
            if (folder / mark).is_file():
                return folder
    return place


def begin(place: Path, mark: str) -> Path:
    """An empty folder to fill; what an interrupted replacement left is put right first."""
    _make_parents(place.parent)
    whole = find(place, mark)
    if whole != place:
        os.rename(whole, place)
    for what in (OLD, NEW):
        remove(beside(place, what))
    new = beside(place, NEW)
    new.mkdir()
    return new


def finish(place: Path) -> None:
    """Put the folder that `begin` gave in its place; its files must be on the disk already."""
    new = beside(place, NEW)
    sync(new)
    if not os.path.lexists(place):
        os.rename(new, place)
    elif not exchange(new, place):
        os.rename(place, beside(place, OLD))
        os.rename(new, place)
    sync(place.parent)
    for what in (OLD, NEW):  # one of them is the old one now
        remove(beside(place, what))


def write_text(place: Path, text: str) -> None:
    """As write_bytes does, in UTF-8."""
    write_bytes(place, text.encode())


def write_bytes(place: Path, data: bytes) -> None:
    """A file that is the old one or the new one whole, on the disk; its folder must be there.

    Whatever stood beside it under the new one's name is removed, not followed.
    """
    new = beside(place, NEW)
    remove(new)
    try:
        with new.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, place)
    except OSError:
        with suppress(OSError):
            remove(new)
        raise
    sync(place.parent)


def exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the system or the file system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # an older libc
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


def remove(path: Path) -> None:
    """Whatever has that name, if anything: a link, not what it points to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_parents(folder: Path) -> None:
    if not folder.is_dir():
        _make_parents(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)
