"""Sessions are kept, newest first, as far as there is room for them."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import quota
from appliance.folder import EVENTS
from appliance.quota import finish_within, prune, sessions

KB = 1024


def make(folder: Path, name: str, kilobytes: int = 4) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    (place / EVENTS).write_bytes(b"x" * (kilobytes * KB))
    return place


def left(folder: Path) -> list[str]:
    return [kept.folder.name for kept in sessions(folder)]


def test_they_come_newest_first(tmp_path: Path) -> None:
    names = ["20240101-000000", "20240101-000000-2", "20240101-000000-10", "20240101-000001"]
    for name in names[::2] + names[1::2]:
        make(tmp_path, name)
    assert left(tmp_path) == names[::-1]


def test_what_is_no_session_is_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "20240101-000000")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "years.txt").write_text("x" * 100_000)
    (tmp_path / "20240102-000000").symlink_to(tmp_path / "20240101-000000")
    (tmp_path / "20240103-000000").write_text("a file")
    assert left(tmp_path) == ["20240101-000000"]
    assert prune(tmp_path, 0) == []
    assert (tmp_path / "thesis" / "years.txt").exists()
    assert sessions(tmp_path / "nowhere") == []


def test_the_oldest_go_first_and_the_newest_stays(tmp_path: Path) -> None:
    for number in range(6):
        make(tmp_path, f"2024010{number + 1}-120000", 8)
    removed = prune(tmp_path, 3 * 8 * KB)
    assert [place.name[:8] for place in removed] == ["20240103", "20240102", "20240101"]
    assert len(left(tmp_path)) == 3
    assert [place.name[:8] for place in prune(tmp_path, 0)] == ["20240105", "20240104"]
    assert prune(tmp_path, 0) == []


def test_one_that_is_too_large_takes_the_older_ones_along(tmp_path: Path) -> None:
    for name, kilobytes in (("20240101-1", 4), ("20240102-1", 400), ("20240103-1", 4)):
        make(tmp_path, name, kilobytes)
    prune(tmp_path, 100 * KB)
    assert left(tmp_path) == ["20240103-1"], "no gap: what stays is the newest"


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 200))
def test_what_stays_fits_and_is_the_newest(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], most: int
) -> None:
    folder = tmp_path_factory.mktemp("sessions")
    for number, size in enumerate(sizes):
        make(folder, f"20240101-{number:06d}", size)
    before = sessions(folder)
    prune(folder, most * KB)
    after = sessions(folder)
    assert after == before[: len(after)]
    assert len(after) == 1 or sum(kept.size for kept in after) <= most * KB
    if len(after) < len(before):
        assert sum(kept.size for kept in before[: len(after) + 1]) > most * KB


def test_a_take_that_is_being_written_is_spared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished: list[Path] = []
    monkeypatch.setattr(quota, "finish_folder", finished.append)
    old = make(tmp_path, "20240101-120000")
    over = make(tmp_path, "20240102-120000", 40)
    writing = make(tmp_path, "20240102-120000-2")
    assert finish_within(over, 1) == [old]
    assert finished == [over]
    assert left(tmp_path) == [writing.name, over.name]
    assert finish_within(writing, 0) == [], "no quota"


def test_a_small_disk_is_never_filled_with_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "finish_folder", lambda _: None)
    usage = shutil.disk_usage(tmp_path)._replace(total=100 * KB)
    monkeypatch.setattr(quota.shutil, "disk_usage", lambda _: usage)
    first, second, third = (make(tmp_path, f"2024010{day}-120000", 20) for day in (1, 2, 3))
    assert finish_within(third, 1000 * KB) == [first]
    assert left(tmp_path) == [third.name, second.name]
