"""The folders of takes, on a disk that stalls or fails."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.jack import wait_until

from appliance.box.takes import Finish, Takes
from appliance.events import BeginTake, DropSeed, EndTake, KeepSeed, Write
from appliance.seed import Seed
from models.notes import Phrase, note_array, pedal_array

SEED = Seed(Phrase(note_array([(0.0, 1.0, 40, 80)]), pedal_array([]), 8.0, 120.0), 4.0, 1.0)
KEEP = KeepSeed(SEED, 4.0, {"loops": 1})
LINE = Write("events", {"t": 1.0})


class Kept:
    """Takes in a folder, and what became of them."""

    def __init__(self, root: Path, sync: bool = True) -> None:
        self.submitted: list[Path] = []
        self.said: list[str] = []
        self.takes = Takes(lambda: self._folder(root), sync, self._submit, self.said.append)
        self._number = 0

    def do(self, *effects: Any) -> None:
        for effect in effects:
            self.takes.keep(effect)

    def done(self) -> bool:
        self.takes.turn()
        return bool(self.submitted)

    def _folder(self, root: Path) -> Path:
        self._number += 1
        return root / str(self._number)

    def _submit(self, finish: Finish, folder: Path) -> None:
        self.submitted.append(folder)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Stalls until it is set."""
    ready, sync = threading.Event(), os.fsync

    def stalled(handle: int) -> None:
        assert threading.current_thread() is not threading.main_thread()
        ready.wait(60)
        sync(handle)

    monkeypatch.setattr(os, "fsync", stalled)
    yield ready
    ready.set()


def test_no_disk_that_stalls_keeps_the_loop_waiting(tmp_path: Path, disk: threading.Event) -> None:
    kept = Kept(tmp_path)
    kept.do(BeginTake(), LINE, KEEP, LINE, EndTake({"loops": 2}))
    kept.do(BeginTake(), LINE, KEEP)
    assert not kept.done()
    assert kept.takes.close(0.01) == [tmp_path / "1"]
    disk.set()
    wait_until(kept.done, "the first take to be closed")
    assert kept.submitted == [tmp_path / "1"]
    assert (tmp_path / "1" / "session.json").read_text() == '{\n "loops": 2\n}\n'
    kept.do(EndTake({"loops": 3}))
    assert kept.takes.close(None) == []
    assert kept.submitted == [tmp_path / "1", tmp_path / "2"]
    assert kept.said == []


@pytest.mark.parametrize("sync", [True, False])
def test_a_take_that_came_to_nothing_leaves_nothing(tmp_path: Path, sync: bool) -> None:
    kept = Kept(tmp_path, sync)
    kept.do(BeginTake(), LINE, KEEP, DropSeed(), EndTake(None))
    assert kept.takes.close(None) == []
    assert kept.takes.folder is None
    assert kept.submitted == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_any_more_is_told_of(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.do(BeginTake(), LINE, KEEP)
    (tmp_path / "1").rename(tmp_path / "away")
    wait_until(lambda: kept.takes.unsaved, "NOT SAVED")
    kept.do(EndTake({"loops": 2}))
    assert kept.takes.close(None) == []
    assert kept.submitted == []
    (said,) = kept.said
    assert said.startswith("session folder: ")
    assert kept.takes.unsaved
    kept.do(BeginTake())
    assert not kept.takes.unsaved
    kept.do(EndTake(None))
    kept.takes.close(None)
