"""Whatever stops a build, and wherever, its place holds the old bundle or the new one, whole."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.music import make_bundle, manifest_facts, segments

from corpus.errors import BundleError
from corpus.hearing.describe import describe_all
from corpus.keeping import atomic, bundle
from corpus.keeping.bundle import Described, open_bundle, write_bundle
from corpus.keeping.manifest import MANIFEST
from corpus.neighbours import compare_phrases
from models.pitch_histogram import PitchHistogram

STEPS = ("rename", "fsync", "unlink", "rmdir", "mkdir")


@cache
def material(count: int) -> tuple[Any, ...]:
    pieces = segments(count)
    phrases = [piece.phrase for piece in pieces]
    embedder = PitchHistogram()
    vectors = embedder.embed(phrases)
    described = [Described(*pair) for pair in zip(pieces, describe_all(phrases), strict=True)]
    table = compare_phrases(embedder, phrases, vectors).table
    return described, vectors, table, manifest_facts(embedder, pieces)


def write(place: Path, count: int) -> None:
    write_bundle(place, *material(count))


class PowerCutError(BaseException):
    """Nothing of the build runs after it, not even what handles errors."""


@contextmanager
def power_cut(monkeypatch: pytest.MonkeyPatch, after: int) -> Iterator[list[str]]:
    """Ends with PowerCutError instead of taking step `after`; gives the steps taken."""
    taken: list[str] = []

    def step(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **options: Any) -> Any:
            if len(taken) == after:
                raise PowerCutError
            taken.append(name)
            return real(*arguments, **options)

        return guarded

    with monkeypatch.context() as patch:
        # Plain os.unlink by name, which every step of a removal then goes through.
        patch.setattr(shutil, "_use_fd_functions", False)
        for name in STEPS:
            patch.setattr(os, name, step(name, getattr(os, name)))
        patch.setattr(atomic, "exchange", step("exchange", atomic.exchange))
        yield taken


def cannot_exchange(one: Path, other: Path) -> bool:
    return False


@pytest.mark.parametrize("swaps", [True, False])
@pytest.mark.parametrize("older", [True, False])
def test_a_power_cut_at_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swaps: bool, older: bool
) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # no disk is pulled out here
    if not swaps:
        monkeypatch.setattr(atomic, "exchange", cannot_exchange)
    seen = set()
    for after in range(200):
        place = tmp_path / str(after) / "b"
        if older:
            write(place, 4)
        with power_cut(monkeypatch, after) as taken:
            try:
                write(place, 8)
            except PowerCutError:
                finished = False
            else:
                finished = True
        seen.add(size_of(place))
        assert size_of(place) in ((4, 8) if older else (None, 8))
        if finished:
            break
        write(place, 6)  # the next build puts everything right
        assert size_of(place) == 6
        assert [path.name for path in place.parent.iterdir()] == ["b"]
        shutil.rmtree(place.parent)
    assert finished
    assert seen == ({4, 8} if older else {None, 8})
    assert ("exchange" in taken) == older
    assert taken.count("fsync") >= 8  # five arrays, the manifest, two folders


def size_of(place: Path) -> int | None:
    if not os.path.lexists(place) and not any(place.parent.glob(f".b.*/{MANIFEST}")):
        with pytest.raises(BundleError, match="not a bundle"):
            open_bundle(place)
        return None
    return len(open_bundle(place, verify=True))


def test_all_is_on_the_disk_before_it_is_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    sync, exchange = os.fsync, atomic.exchange

    def note_sync(handle: int) -> None:
        order.append(Path(os.readlink(f"/proc/self/fd/{handle}")).name)
        sync(handle)

    def note_exchange(one: Path, other: Path) -> bool:
        order.append("exchange")
        return exchange(one, other)

    make_bundle(tmp_path / "b", segments(4))
    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(atomic, "exchange", note_exchange)
    make_bundle(tmp_path / "b", segments(8))
    arrays = [f"{name}.npy" for name in bundle.ARRAYS]
    assert order == [*arrays, MANIFEST, ".b.new", "exchange", tmp_path.name]


def test_new_parents_are_brought_to_the_disk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(atomic, "sync", synced.append)
    make_bundle(tmp_path / "deep" / "er" / "b")
    assert synced[:2] == [tmp_path, tmp_path / "deep"]


def test_two_folders_change_places(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert atomic.exchange(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "other").exists()
    assert (tmp_path / "other" / "one").exists()


def test_a_name_that_is_not_there_cannot_be_exchanged(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(FileNotFoundError):
        atomic.exchange(tmp_path / "one", tmp_path / "other")


@pytest.mark.parametrize(
    ("number", "answer"), [(errno.EINVAL, False), (errno.ENOSYS, False), (errno.EACCES, OSError)]
)
def test_a_file_system_that_cannot_exchange_is_told_from_a_fault(
    monkeypatch: pytest.MonkeyPatch, number: int, answer: object
) -> None:
    class Libc:
        @staticmethod
        def renameat2(*arguments: object) -> int:
            return -1

    monkeypatch.setattr(atomic.ctypes, "CDLL", lambda name, use_errno: Libc)
    monkeypatch.setattr(atomic.ctypes, "get_errno", lambda: number)
    if answer is OSError:
        with pytest.raises(PermissionError):
            atomic.exchange(Path("one"), Path("other"))
    else:
        assert atomic.exchange(Path("one"), Path("other")) is answer


def test_a_libc_without_it_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic.ctypes, "CDLL", lambda name, use_errno: object())
    assert atomic.exchange(Path("one"), Path("other")) is False


def test_a_link_to_a_bundle_is_replaced_and_what_it_points_to_kept(tmp_path: Path) -> None:
    make_bundle(tmp_path / "store", segments(4))
    (tmp_path / "b").symlink_to("store")
    assert len(make_bundle(tmp_path / "b", segments(8))) == 8
    assert not (tmp_path / "b").is_symlink()
    assert len(open_bundle(tmp_path / "store", verify=True)) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "store"]


def test_a_bundle_has_the_name_of_its_folder_however_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    write(Path(), 4)
    assert open_bundle(tmp_path / "mine").name == "mine"


def test_a_file_is_replaced_whole_and_no_link_is_followed(tmp_path: Path) -> None:
    place, precious = tmp_path / "said.json", tmp_path / "precious"
    precious.write_text("mine")
    place.write_text("old")
    atomic.beside(place, atomic.NEW).symlink_to(precious)
    atomic.write_text(place, "new")
    assert (place.read_text(), precious.read_text()) == ("new", "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["precious", "said.json"]
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        atomic.write_text(tmp_path / "folder", "text")
