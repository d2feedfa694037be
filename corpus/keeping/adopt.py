"""Take a bundle that was built elsewhere, but only after looking at every byte of it."""

import os
import shutil
import stat
from pathlib import Path

from corpus.errors import BundleError
from corpus.keeping import atomic
from corpus.keeping.bundle import ARRAYS, Bundle, check_replaceable, embedder_of, open_bundle
from corpus.keeping.manifest import MANIFEST


def find_bundle(upload: Path) -> Path | None:
    """The bundle that an upload is, or the only thing in it; None where it is something else."""
    if not upload.is_dir():
        return None
    if (upload / MANIFEST).is_file():
        return upload
    inside = [path for path in upload.iterdir() if path.is_dir() and not path.is_symlink()]
    return inside[0] if len(inside) == 1 and (inside[0] / MANIFEST).is_file() else None


def adopt_bundle(source: Path, place: Path) -> Bundle:
    """Copy a bundle to `place`, replacing an older one there in one step.

    What is checked is the copy, so that nobody can change it between check and use. BundleError
    where a file is missing, is no plain file, or says what is not so; `place` then stays as it was.
    """
    check_replaceable(place)
    new = atomic.begin(place, MANIFEST)
    try:
        for name in (*(f"{array}.npy" for array in ARRAYS), MANIFEST):
            _copy(source / name, new / name)
        embedder_of(open_bundle(new, verify=True))
    except BundleError as error:
        atomic.remove(new)
        raise BundleError(str(error).replace(str(new), str(source))) from error
    except BaseException:
        atomic.remove(new)
        raise
    atomic.finish(place)
    return open_bundle(place)


def _copy(source: Path, target: Path) -> None:
    """A plain file, brought to the disk; never what a link or a pipe leads to."""
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise BundleError(f"{source}: {error.strerror}; the bundle is not complete") from error
    with os.fdopen(handle, "rb") as reading:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise BundleError(f"{source}: not a plain file; upload the bundle as it was built")
        with target.open("xb") as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)
            writing.flush()
            os.fsync(writing.fileno())
