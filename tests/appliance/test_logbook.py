"""What the service says, and to whom."""

import io
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.events import View
from appliance.logbook import INFO, NOTICE, WARNING, Logbook, open_logbook, status_line
from firmware.systemd import SystemJournal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    """The system's end of its journal."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "journal"))
    listening.settimeout(5)
    yield listening
    listening.close()


def entry(journal: socket.socket) -> dict[str, str]:
    lines = journal.recv(65536).decode().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_entries_have_fields(journal: socket.socket, tmp_path: Path) -> None:
    log = Logbook(SystemJournal(tmp_path / "journal"), io.StringIO(), io.StringIO())
    log.say("two\nlines", WARNING, corpus="demo")
    said = entry(journal)
    assert said["MESSAGE"] == "two lines"
    assert (said["PRIORITY"], said["SMARTLOOPER_CORPUS"]) == ("4", "demo")
    log.look(View("groove", "demo", 96.0, current="a@0", loop=3))
    said = entry(journal)
    assert (said["MESSAGE"], said["PRIORITY"]) == ("groove a@0", str(INFO))
    assert (said["SMARTLOOPER_STATE"], said["SMARTLOOPER_LOOP"]) == ("groove", "3")
    log.close()


def test_a_warning_that_begins_is_noticed(journal: socket.socket, tmp_path: Path) -> None:
    log = Logbook(SystemJournal(tmp_path / "journal"), io.StringIO(), io.StringIO())
    log.look(View(warning="PIANO OFF"))
    assert entry(journal)["PRIORITY"] == str(NOTICE)
    log.look(View(warning="PIANO OFF", notice="TOO SHORT"))
    assert entry(journal)["PRIORITY"] == str(INFO)


def test_without_a_journal_there_are_lines(tmp_path: Path) -> None:
    told, warned = io.StringIO(), io.StringIO()
    for log in (Logbook(None, told, warned), Logbook(SystemJournal(tmp_path), told, warned)):
        log.say("all is well")
        log.say("hardly", WARNING)
    assert told.getvalue() == "all is well\n" * 2
    assert warned.getvalue() == "smartlooper: hardly\n" * 2


def test_a_beat_is_not_news() -> None:
    told = io.StringIO()
    log = Logbook(None, told)
    view = View("groove", "demo", 96.0, beat=1, beats=8, current="a@0", queued="b@8")
    for beat in range(1, 9):
        log.look(replace(view, beat=beat, similarity=0.5))
    log.look(replace(view, current="b@8"))
    assert told.getvalue() == "groove a@0\ngroove b@8\n"


def test_a_reader_that_went_away_is_no_fault() -> None:
    closed = io.StringIO()
    closed.close()
    Logbook(None, closed, closed).say("hello", WARNING)


def test_the_journal_is_for_who_was_started_with_it(tmp_path: Path) -> None:
    made: list[SystemJournal] = []

    def make() -> SystemJournal:
        made.append(SystemJournal(tmp_path / "none"))
        return made[-1]

    open_logbook({}, make)
    assert made == []
    open_logbook({"JOURNAL_STREAM": "8:1234"}, make)
    assert len(made) == 1


def test_the_status_is_one_line() -> None:
    view = View("groove", "demo", 96.2, current="a@0", missing=("screen",), warning="TIMING")
    assert status_line(view) == "groove, corpus demo, 96 BPM; now a@0; without screen; TIMING"
    assert status_line(View(corpus="demo")) == "idle, corpus demo"
