"""Bundles damaged in every way: bytes, sizes, files, headers, values, and hashes made to fit."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from corpus.keeping.bundle import ARRAYS
from corpus.keeping.manifest import MANIFEST, SEAL, manifest_text

Mutation = Callable[[np.random.Generator, Path], None]

FILES = [f"{name}.npy" for name in ARRAYS] + [MANIFEST]
HOSTILE: list[Any] = [
    None, True, -1, 10**400, 1e308, float("nan"), "", "\ud800", "a\nb", [], {}, [[[[]]]], "x" * 9999
]  # fmt: skip


def mutate(rng: np.random.Generator, whole: Path, path: Path) -> None:
    """Make `path` a copy of the bundle `whole` with one or two kinds of damage."""
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(whole, path)
    for _ in range(int(rng.integers(1, 3))):
        mutation = pick(rng, MUTATIONS)
        try:
            mutation(rng, path)
        except Exception:
            continue  # a second change to what the first has made unreadable
        if mutation is displace:
            return  # nothing here may read a pipe either
    if rng.random() < 0.5:
        hide(path)


def seal(path: Path, manifest: dict[str, Any] | None = None) -> None:
    """Hashes that fit the files again, as by somebody who changes a bundle on purpose."""
    said = manifest or json.loads((path / MANIFEST).read_text())
    files = [f"{name}.npy" for name in ARRAYS]
    said["files"] = {file: hashlib.sha256((path / file).read_bytes()).hexdigest() for file in files}
    told = {name: value for name, value in said.items() if name != SEAL}
    (path / MANIFEST).write_text(manifest_text(told))


def hide(path: Path) -> None:
    """`seal`, where that can still be done."""
    with suppress(OSError, ValueError, TypeError, RecursionError):
        seal(path)


def pick(rng: np.random.Generator, choices: list[Any]) -> Any:
    return choices[int(rng.integers(len(choices)))]


def flip(rng: np.random.Generator, path: Path) -> None:
    file = path / pick(rng, FILES)
    body = bytearray(file.read_bytes())
    end = min(len(body), pick(rng, [128, len(body)]))  # headers are worth more than their length
    for _ in range(int(rng.integers(1, 9))):
        body[int(rng.integers(end))] = int(rng.integers(256))
    file.write_bytes(body)


def cut_short(rng: np.random.Generator, path: Path) -> None:
    file = path / pick(rng, FILES)
    os.truncate(file, int(rng.integers(file.stat().st_size)))


def grow(rng: np.random.Generator, path: Path) -> None:
    file = path / pick(rng, FILES)
    os.truncate(file, file.stat().st_size + int(rng.integers(1, 100)) * 1000)


def swap(rng: np.random.Generator, path: Path) -> None:
    one, other = (path / FILES[i] for i in rng.choice(len(FILES), 2, replace=False))
    one.rename(path / "held")
    other.rename(one)
    (path / "held").rename(other)


def lose(rng: np.random.Generator, path: Path) -> None:
    (path / pick(rng, FILES)).unlink()


def displace(rng: np.random.Generator, path: Path) -> None:
    """Something that is not a file in a file's place; a pipe would keep a reader for ever."""
    file = path / pick(rng, FILES)
    file.unlink()
    make: list[Callable[[], None]] = [
        lambda: file.mkdir(),
        lambda: os.mkfifo(file),
        lambda: file.symlink_to(file.name),
        lambda: file.symlink_to("/dev/zero"),
        lambda: file.symlink_to("nowhere"),
        lambda: file.symlink_to(path / "notes.npy"),
        lambda: file.write_bytes(b""),
    ]
    pick(rng, make)()


def alter_manifest(rng: np.random.Generator, path: Path) -> None:
    manifest = json.loads((path / MANIFEST).read_text())
    inside: Any = manifest
    key = pick(rng, list(manifest))
    while isinstance(inside[key], dict) and inside[key] and rng.random() < 0.6:
        inside = inside[key]
        key = pick(rng, list(inside))
    if rng.random() < 0.3:
        del inside[key]
    else:
        inside[key] = pick(rng, HOSTILE)
    text = json.dumps(manifest)
    if rng.random() < 0.1:
        text = text.replace("{", '{"deep": ' + "[" * 50_000 + "]" * 50_000 + ", ", 1)
    (path / MANIFEST).write_text(text)


def alter_header(rng: np.random.Generator, path: Path) -> None:
    """A header that promises something else than there is."""
    file = path / f"{pick(rng, list(ARRAYS))}.npy"
    body = file.read_bytes()
    start = 10 + int.from_bytes(body[8:10], "little")
    header = body[10:start].decode()
    old, new = pick(
        rng,
        [
            ("(", "(-"),
            ("'shape': (", f"'shape': ({10**18}, "),
            ("'shape': (", f"'shape': (0, {10**30}, "),
            ("'shape': (", "'shape': (" + "1, " * 60),
            ("'shape': (", "'shape': (True, "),
            ("<", ">"),
            ("<f8", "|O"),
            ("<f2", "|O"),
            ("<f8", "<M8[s]"),
            ("<f4", "<i4"),
            ("'<i8'", "'<i8', (9999999,)"),
            ("'<U", "'>U"),
            ("'<U", "'<U9"),
            ("False", "True"),
            ("{", "{" * 400),
            ("{", "__import__('os').abort() or {"),
            ("}", ", 'more': 1}"),
        ],
    )
    changed = header.replace(old, new).encode()
    file.write_bytes(body[:8] + len(changed).to_bytes(2, "little") + changed + body[start:])


def alter_values(rng: np.random.Generator, path: Path) -> None:
    file = path / f"{pick(rng, list(ARRAYS))}.npy"
    array = np.load(file)
    target = array[pick(rng, list(array.dtype.names))] if array.dtype.names else array
    where = int(rng.integers(target.size))
    if target.dtype.kind == "f":
        target.flat[where] = pick(rng, [np.nan, np.inf, -np.inf, -1, 0, 6e4])
    elif target.dtype.kind == "U":
        target.flat[where] = pick(rng, ["", target.flat[0], "x"])
    else:
        limits = np.iinfo(target.dtype)
        target.flat[where] = pick(rng, [limits.min, limits.max, 0, min(200, limits.max)])
    np.save(file, array)


def alter_rows(rng: np.random.Generator, path: Path) -> None:
    file = path / f"{pick(rng, list(ARRAYS))}.npy"
    array = np.load(file)
    change: list[Callable[[], Any]] = [
        lambda: array[:-1],
        lambda: array[:0],
        lambda: array[::-1],
        lambda: np.concatenate([array, array[:1]]),
        lambda: array.astype(object),
        lambda: array.reshape(-1, *array.shape),
        lambda: array.astype(array.dtype.newbyteorder(">")),
        lambda: array[: len(array) // 2 * 2].reshape(2, -1),
        lambda: np.zeros(array.shape, "<f4"),
        lambda: array.reshape(-1)[:1].reshape(()),
    ]
    np.save(file, pick(rng, change)())


MUTATIONS: list[Mutation] = [
    flip, flip, cut_short, grow, swap, lose, displace, alter_manifest, alter_header, alter_values,
    alter_values, alter_rows,
]  # fmt: skip
