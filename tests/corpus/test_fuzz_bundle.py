"""Bundles damaged in every way give an open bundle or one clear line, whatever they are made of."""

import json
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.music import make_bundle, seal, segments

from appliance.cli import main
from corpus.errors import BundleError
from corpus.keeping.bundle import ARRAYS, Bundle, open_bundle
from corpus.keeping.manifest import MANIFEST
from models.notes import check_notes

Mutation = Callable[[np.random.Generator, Path], None]
FILES = [f"{name}.npy" for name in ARRAYS] + [MANIFEST]
HOSTILE: list[Any] = [
    None, True, -1, 10**400, 1e308, float("nan"), "", "\ud800", "a\nb", [], {}, [[[[]]]], "x" * 9999
]  # fmt: skip


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


def hide(path: Path) -> None:
    """Hashes that fit the files again, as by somebody who means it."""
    with suppress(OSError, ValueError, TypeError, RecursionError):  # beyond hiding
        seal(path)


MUTATIONS: list[Mutation] = [
    flip, flip, cut_short, grow, swap, lose, displace, alter_manifest, alter_header, alter_values,
    alter_values, alter_rows,
]  # fmt: skip


def mutate(rng: np.random.Generator, whole: Path, path: Path) -> None:
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


def one_line(error: BundleError) -> str:
    text = str(error)
    assert text
    assert "\n" not in text
    assert len(text) < 1000
    return text


def attempt(path: Path, verify: bool) -> Bundle | None:
    try:
        return open_bundle(path, verify=verify)
    except BundleError as error:
        one_line(error)
        return None


def use(bundle: Bundle) -> Iterator[str]:
    """What the instrument does with it; yields the faults that it is told of."""
    assert bundle.name.encode() is not None
    assert bundle.embedder.encode() is not None
    for row in (*range(len(bundle)), -1, len(bundle)):
        try:
            phrase = bundle.phrase(row)
            check_notes(phrase.notes, "a note")
            assert 1 <= phrase.beats <= 16
            assert bundle.row(str(bundle.segments["id"][row])) <= row
        except BundleError as error:
            yield one_line(error)


def look(path: Path, *options: str) -> bool:
    """Whether `info` can tell what is in it; if it cannot, that is one line."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["corpus", "info", str(path), *options])
    assert (code, err.getvalue().count("\n")) in ((0, 0), (2, 1))
    assert len(err.getvalue()) < 1000
    assert bool(out.getvalue()) == (code == 0)
    assert "\x1b" not in out.getvalue()
    return code == 0


@pytest.fixture
def limited_memory() -> Iterator[None]:
    """A gigabyte more than there is now: whoever believes a header fails."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("limited_memory")
@pytest.mark.filterwarnings("error")  # they would be a second line
@pytest.mark.parametrize(
    ("seed", "count"), [(1, 100), pytest.param(2, 1000, marks=pytest.mark.slow)]
)
def test_a_mutated_bundle_opens_or_says_why_not(tmp_path: Path, seed: int, count: int) -> None:
    whole = make_bundle(tmp_path / "whole", segments(6)).path
    rng = np.random.default_rng(seed)
    outcomes = {"refused": 0, "opened": 0, "refused when verified": 0, "refused in use": 0}
    for _ in range(count):
        mutate(rng, whole, tmp_path / "b")
        verified = attempt(tmp_path / "b", verify=True)
        bundle = attempt(tmp_path / "b", verify=False)
        told = look(tmp_path / "b")
        assert look(tmp_path / "b", "--json") == told
        if bundle is None:
            assert verified is None
            assert not told
            outcomes["refused"] += 1
            continue
        faults = list(use(bundle))
        outcomes["opened"] += 1
        outcomes["refused in use"] += len(faults) > 2  # beside the two rows that there are not
        if verified is None:
            outcomes["refused when verified"] += 1
        else:
            assert told
            assert len(list(use(verified))) == 2  # whatever passes can be played
    assert all(outcomes.values()), outcomes  # every way out was taken


def test_a_bundle_whose_texts_are_none(tmp_path: Path) -> None:
    """Code points that Unicode does not have: numpy raises when it meets one."""
    path = make_bundle(tmp_path / "b").path
    table = np.load(path / "segments.npy")
    for bad in (0x110000, 0xD800):
        changed = table.copy()
        changed.view(np.uint8).reshape(len(table), -1)[3, :4] = np.frombuffer(
            np.uint32(bad).tobytes(), np.uint8
        )
        np.save(path / "segments.npy", changed)
        with pytest.raises(BundleError, match="id holds no text"):
            open_bundle(path)


@pytest.mark.parametrize(
    ("array", "field", "value", "fault"),
    [
        ("segments", "first_note", np.iinfo(np.int64).max, "outside"),
        ("segments", "notes", -1, "outside"),
        ("segments", "first_pedal", -1, "outside"),
        ("segments", "density", np.nan, "density"),
        ("segments", "start_beat", np.inf, "start_beat"),
        ("pedals", "beat", np.nan, "pedals"),
        ("pedals", "control", 65, "pedals"),
        ("pedals", "value", 128, "pedals"),
        ("notes", "onset", 7.0, "time order"),
    ],
)
def test_what_cannot_be_is_found_by_verify_and_by_use(
    tmp_path: Path, array: str, field: str, value: Any, fault: str
) -> None:
    path = make_bundle(tmp_path / "b").path
    values = np.load(path / f"{array}.npy")
    values[field][0] = value
    np.save(path / f"{array}.npy", values)
    hide(path)
    with pytest.raises(BundleError, match=fault):
        open_bundle(path, verify=True)
    with pytest.raises(BundleError, match=fault):
        open_bundle(path).phrase(0)
    assert open_bundle(path).phrase(1).beats == 8.0  # the rest plays


def test_counts_that_do_not_fit_are_found(tmp_path: Path) -> None:
    path = make_bundle(tmp_path / "b").path
    manifest = json.loads((path / MANIFEST).read_text())
    manifest["counts"]["notes"] += 1
    seal(path, manifest)
    with pytest.raises(BundleError, match="counts other rows"):
        open_bundle(path, verify=True)


def test_an_endless_manifest_is_one_line(tmp_path: Path) -> None:
    path = make_bundle(tmp_path / "b").path
    os.truncate(path / MANIFEST, 1 << 40)  # a file of holes
    with pytest.raises(BundleError, match="larger than 64 MiB"):
        open_bundle(path)


@pytest.mark.parametrize("name", ["a\nb", "caf\udce9", "\x1b[31m"])
def test_a_name_that_could_not_be_opened_is_not_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="choose another --out") as caught:
        make_bundle(tmp_path / name)
    str(caught.value).encode()
    assert "\n" not in str(caught.value)
