"""Sessions that nobody had the time to finish."""

import shutil
import sys
from pathlib import Path

import pytest
from support.jack import wait_until
from support.service import run

from appliance.finishing import finish_all, finish_apart, main, unfinished
from appliance.folder import PERFORMANCE, STAGE


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "take"
    assert run("demo", "--fast", "--loops", "3", "--out", str(folder)).returncode == 0
    return folder


@pytest.fixture
def sessions(tmp_path: Path, take: Path) -> Path:
    """Two that were cut off, one that was not, one that nothing came of."""
    folder = tmp_path / "sessions"
    for day in (1, 2, 3):
        shutil.copytree(take, folder / f"2024010{day}-120000")
    for day in (1, 3):
        for name in (PERFORMANCE, STAGE):
            (folder / f"2024010{day}-120000" / name).unlink()
    (folder / "20240104-120000").mkdir()
    (folder / "20240104-120000" / "events.jsonl").touch()
    return folder


def test_those_that_were_cut_off_are_found_the_newest_first(sessions: Path) -> None:
    assert [folder.name for folder in unfinished(sessions)] == [
        "20240103-120000",
        "20240101-120000",
    ]
    assert unfinished(sessions / "nowhere") == []


def test_they_become_what_they_would_have_been(sessions: Path, take: Path) -> None:
    assert finish_all(unfinished(sessions), 0) == []
    assert unfinished(sessions) == []
    for name in (PERFORMANCE, STAGE):
        made = (sessions / "20240101-120000" / name).read_bytes()
        assert made == (take / name).read_bytes()


def test_one_that_cannot_be_finished_does_not_keep_the_others(sessions: Path) -> None:
    (sessions / "20240103-120000" / "events.jsonl").write_text("rubbish\n")
    (fault,) = finish_all(unfinished(sessions), 0)
    assert "line 1 is not JSON" in fault
    assert [folder.name for folder in unfinished(sessions)] == ["20240103-120000"]
    assert main([str(sessions / "20240103-120000")]) == 1


def test_the_oldest_make_room(sessions: Path) -> None:
    assert finish_all([sessions / "20240103-120000"], most_bytes=1) == []
    assert not (sessions / "20240101-120000").exists()
    assert (sessions / "20240103-120000" / PERFORMANCE).exists()


def test_another_process_does_it(sessions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish_apart(unfinished(sessions), 0)
    wait_until(lambda: unfinished(sessions) == [], "the sessions to be finished")
    monkeypatch.setattr(sys, "executable", "/nowhere/at/all")
    finish_apart([], 0)  # starts nothing
    with pytest.raises(OSError, match="nowhere"):
        finish_apart([sessions], 0)
