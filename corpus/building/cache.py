"""A content-addressed cache on disk, and the packing of results that go into it.

What is kept under a key is a function of what the key was made from, so an entry is never stale:
a change of the input, the settings or the code makes another key. Entries are plain arrays and
JSON; nothing read from the cache is ever executed.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import corpus
import models
from corpus.keeping.npy import copy_npy, npy_format

LAYOUT = "v1"
"""The folder below a cache's own that holds entries of this layout; another layout, another."""
LIMIT_BYTES = 2 << 30
PACKAGES = ("numpy", "symusic")

_MAGIC = b"SLCACHE\x01"
_START = len(_MAGIC) + 32  # bytes before an entry's data: these and their SHA-256
_PACKED = struct.Struct("<4sI")  # magic, bytes of JSON
_PACK_MAGIC = b"SLP\x01"
_KEY = re.compile("[0-9a-f]{64}")
_PART = ".part-"
_PART_AGE = 3600.0  # s; an unfinished entry older than this has no writer any more

Part = bytes | str | int | float | None | Sequence["Part"] | Mapping[str, "Part"]


class _Entry(NamedTuple):
    used_ns: int
    name: str
    size: int
    path: str


class Cache:
    """Bytes by key in a folder of at most `limit_bytes`, shared by any number of processes.

    Entries appear whole or not at all, are checked when they are read (a damaged one is a miss,
    and removed), and leave in the order of their last use. A folder that cannot be written turns
    `put` into nothing: `warn` gets one line, once. `now` is the wall clock, seconds.
    """

    def __init__(
        self,
        folder: Path,
        limit_bytes: int = LIMIT_BYTES,
        warn: Callable[[str], None] = lambda line: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._warn = warn
        self._now = now
        self._warned = False
        self._room = 0  # bytes to put until the entries are counted again, others' among them

    def get(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            data = _payload(path.read_bytes())
        except OSError:
            return None
        with contextlib.suppress(OSError):
            if data is None:
                path.unlink()
            else:
                os.utime(path, (self._now(), self._now()))
        return data

    def put(self, key: str, data: bytes) -> None:
        """Keep `data`; no error where that cannot be done, nor where it is larger than all."""
        path = self._path(key)
        if _START + len(data) > self._limit:
            return
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(path, data)
            self._room -= _START + len(data)
            if self._room < 0:
                self._trim()
        except OSError as error:
            self._warn_once(error)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is not a cache key; make one with key_of")
        return self._folder / LAYOUT / key[:2] / key[2:]

    def _write(self, path: Path, data: bytes) -> None:
        handle, part = tempfile.mkstemp(prefix=_PART, dir=path.parent)
        try:
            with open(handle, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(data).digest())
                file.write(data)
            os.utime(part, (self._now(), self._now()))
            os.replace(part, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise

    def _trim(self) -> None:
        """Remove what was used longest ago, if it must be, until there is room for a sixteenth."""
        entries = sorted(self._entries())
        step = self._limit // 16
        excess = sum(entry.size for entry in entries) - self._limit
        self._room = min(-excess, step) if excess <= 0 else step
        unwanted = excess + step if excess > 0 else 0
        for entry in entries:
            if unwanted <= 0:
                break
            with contextlib.suppress(FileNotFoundError):  # another process was quicker
                os.unlink(entry.path)
            unwanted -= entry.size

    def _entries(self) -> Iterator[_Entry]:
        for folder in _scan(self._folder / LAYOUT):
            for file in _scan(folder.path):
                try:
                    found = file.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if not file.name.startswith(_PART):
                    yield _Entry(found.st_mtime_ns, file.name, found.st_size, file.path)
                elif found.st_mtime < self._now() - _PART_AGE:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(file.path)

    def _warn_once(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            fault = error.strerror or type(error).__name__
            self._warn(f"{self._folder}: the cache cannot be written ({fault}); going on without")


def default_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the cache lives by the XDG rules: $XDG_CACHE_HOME/smartlooper, else ~/.cache/..."""
    named = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):  # the rules: a relative path there is to be ignored
        return Path(named, "smartlooper")
    home = environ.get("HOME") or os.path.expanduser("~")
    if not os.path.isabs(home):
        return Path(os.devnull, "smartlooper")  # a user without a home has no cache either
    return Path(home, ".cache", "smartlooper")


def key_of(*parts: Part) -> str:
    """A key, the same on every machine, that differs wherever a part, or its type, differs."""
    digest = hashlib.sha256()
    for part in parts:
        for token in _tokens(part):
            digest.update(token)
    return digest.hexdigest()


def key_of_code(*modules: ModuleType) -> str:
    """A key of the text of these modules: as a part of other keys, it makes a change of code show.

    A package counts with all modules in it and in the packages inside. ValueError for a module
    that has no file.
    """
    return key_of(*(file.read_bytes() for module in modules for file in _files(module)))


@lru_cache(maxsize=1)
def code_key() -> str:
    """A key of all that the kept results are worked out with, beside their input and settings.

    These are the rooms of this project that take part, and the packages that numbers go through.
    """
    return key_of(key_of_code(corpus, models), [version(package) for package in PACKAGES])


def pack(arrays: Mapping[str, NDArray[Any]], facts: Any) -> bytes:
    """Arrays by name and whatever JSON can say, as bytes; the same input gives the same bytes.

    ValueError for an array of objects or a number that JSON has no word for.
    """
    text = json.dumps({"arrays": list(arrays), "facts": facts}, allow_nan=False).encode()
    stream = io.BytesIO()
    stream.write(_PACKED.pack(_PACK_MAGIC, len(text)) + text)
    for array in arrays.values():
        npy_format.write_array(stream, np.asarray(array), version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def unpack(data: bytes) -> tuple[dict[str, NDArray[Any]], Any]:
    """What was packed; ValueError where the bytes are damaged or of another kind."""
    names, facts, offset = _unpack_facts(data)
    arrays = {}
    for name in names:
        arrays[name], offset = copy_npy(data, offset)
    if offset != len(data):
        raise ValueError(f"{len(data) - offset} bytes too many")
    return arrays, facts


def _files(module: ModuleType) -> list[Path]:
    if getattr(module, "__file__", None) is None:
        raise ValueError(f"{module.__name__} has no file to tell versions of it apart by")
    file = Path(str(module.__file__))
    return sorted(file.parent.rglob("*.py")) if hasattr(module, "__path__") else [file]


def _unpack_facts(data: bytes) -> tuple[list[str], Any, int]:
    if len(data) < _PACKED.size:
        raise ValueError("too short to be a packed result")
    magic, length = _PACKED.unpack_from(data)
    end = _PACKED.size + length
    if magic != _PACK_MAGIC or end > len(data):
        raise ValueError("not a packed result")
    try:
        head = json.loads(data[_PACKED.size : end])
    except RecursionError as error:
        raise ValueError("JSON too deep") from error
    if not isinstance(head, dict) or "facts" not in head:
        raise ValueError("a packed result without facts")
    names = head.get("arrays")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("a packed result that does not name its arrays")
    return names, head["facts"], end


def _payload(entry: bytes) -> bytes | None:
    data = entry[_START:]
    whole = entry[:_START] == _MAGIC + hashlib.sha256(data).digest()
    return data if whole else None


def _scan(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _tokens(part: Part) -> Iterator[bytes]:
    """A prefix-free encoding: a letter for the type, the length, the content."""
    if isinstance(part, Mapping):
        yield b"m%d:" % len(part)
        for name in sorted(part):
            yield from _tokens(name)
            yield from _tokens(part[name])
    elif isinstance(part, Sequence) and not isinstance(part, str | bytes):
        yield b"l%d:" % len(part)
        for one in part:
            yield from _tokens(one)
    else:
        tag, content = _scalar(part)
        yield b"%s%d:" % (tag, len(content))
        yield content


def _scalar(part: Part) -> tuple[bytes, bytes]:
    if part is None:
        return b"n", b""
    if isinstance(part, bytes):
        return b"b", part
    if isinstance(part, str):
        return b"s", part.encode("utf-8", "surrogatepass")  # names of files may hold any bytes
    if isinstance(part, bool):
        return b"t", b"%d" % part
    if isinstance(part, int):
        return b"i", b"%d" % part
    if isinstance(part, float):
        return b"f", struct.pack("<d", part)
    raise TypeError(f"a key cannot be made from {type(part).__name__}")
