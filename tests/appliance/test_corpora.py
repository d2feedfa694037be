"""From an upload to the corpus that plays: real processes, and the orders that tests give."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import make_bundle, segments

from appliance.box.corpora import DEMO, Corpora, first_corpus, keeper
from appliance.box.inbox import FIRST_PAUSE_NS, LONGEST_PAUSE_NS, STEADY_NS, Inbox, Made
from appliance.errors import ConfigError
from appliance.events import CorpusOpened
from appliance.places import Places
from appliance.uploads.child import Child
from corpus import demo
from corpus.keeping.bundle import Bundle
from corpus.keeping.library import Library

PATIENCE_S = 60.0
SECOND = 1_000_000_000


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "corpora")


def add(library: Library, name: str, at: int, count: int = 12) -> None:
    make_bundle(library.place(name), segments(count))
    os.utime(library.place(name), ns=(at, at))


def damage(library: Library, name: str) -> None:
    notes = library.place(name) / "notes.npy"
    content = bytearray(notes.read_bytes())
    content[-1] ^= 1
    notes.write_bytes(content)


class Stage:
    """Turns corpora until something has come about."""

    def __init__(self, corpora: Corpora) -> None:
        self.corpora = corpora
        self.idle = True
        self.opened: list[CorpusOpened] = []

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, self.corpora.names()
            handle = self.corpora.fileno()
            assert handle is not None
            select.select([handle], [], [], 0.05)
            for event in self.corpora.turn(time.monotonic_ns(), self.idle):
                assert isinstance(event, CorpusOpened)
                self.opened.append(event)

    @property
    def names(self) -> list[str]:
        return [event.bundle.name for event in self.opened]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def stage(library: Library, told: list[str]) -> Iterator[Stage]:
    add(library, "funk", 1)
    add(library, "waltz", 2, 8)
    library.use("funk")
    with closing(Corpora(library, "funk", None, say=told.append)) as corpora:
        yield Stage(corpora)


# -- going from one to another -------------------------------------------------------------------


def test_another_is_checked_opened_and_played_when_nothing_plays(
    stage: Stage, library: Library
) -> None:
    stage.idle = False
    assert "waltz is checked" in stage.corpora.use("waltz")
    assert [one["waiting"] for one in stage.corpora.names()] == [False, True, False]
    stage.until(lambda: stage.corpora._ready)
    assert stage.opened == []
    stage.idle = True
    stage.until(lambda: stage.opened)
    (opened,) = stage.opened
    assert opened.bundle.verified
    assert len(opened.bundle) == 8
    assert opened.facts.row("take1@24") == 7
    assert opened.at > 0
    assert stage.corpora.asking == ""
    stage.until(lambda: library.current() == "waltz")
    names = [(one["name"], one["current"]) for one in stage.corpora.names()]
    assert names == [("waltz", True), ("funk", False), (DEMO, False)]


def test_the_last_word_counts(stage: Stage) -> None:
    stage.corpora.use("waltz")
    stage.corpora.turn(1, True)
    stage.corpora.use("funk")
    stage.until(lambda: stage.opened)
    assert stage.names == ["funk"]


def test_the_way_back(stage: Stage, library: Library) -> None:
    for name in ("waltz", "funk", "waltz"):
        stage.corpora.use(name)
        stage.until(lambda name=name: library.current() == name)
    assert stage.names == ["waltz", "funk", "waltz"]


def test_what_is_not_there_is_said_with_what_is(stage: Stage) -> None:
    for name in ("polka", "current", "../funk", ""):
        with pytest.raises(ConfigError, match="there is funk, waltz, demo"):
            stage.corpora.use(name)


def test_a_damaged_one_is_refused_and_the_old_one_stays(
    stage: Stage, library: Library, told: list[str]
) -> None:
    damage(library, "waltz")
    stage.corpora.use("waltz")
    stage.until(lambda: told)
    assert "waltz" in told[0]
    assert "notes.npy" in told[0]
    assert told[0].endswith("funk stays")
    assert stage.corpora.notice == "NOT PLAYED: waltz"
    assert stage.opened == []
    assert library.current() == "funk"
    stage.corpora.turn(time.monotonic_ns() + 60 * SECOND, True)
    assert stage.corpora.notice == ""


def test_the_demo_corpus_can_be_gone_back_to(
    stage: Stage, library: Library, told: list[str]
) -> None:
    stage.corpora.use(DEMO)
    stage.until(lambda: stage.opened or told)
    assert stage.names == [DEMO], told
    stage.until(lambda: library.current() is None)
    assert library.newer() is None, "it stays so at the next start"
    assert first_corpus(library, lambda: stage.opened[0].bundle, told.append)[0] == DEMO


# -- what a box starts with ----------------------------------------------------------------------


@pytest.fixture
def plain(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "demo" / "demo")


def test_it_starts_with_the_current_one(library: Library, plain: Bundle, told: list[str]) -> None:
    assert first_corpus(library, lambda: plain, told.append) == (DEMO, plain)
    add(library, "funk", 1)
    add(library, "waltz", 2)
    library.use("funk")
    name, bundle = first_corpus(library, lambda: plain, told.append)
    assert (name, bundle.verified, told) == ("funk", True, [])


def test_a_damaged_current_one_gives_way_to_the_next_best(
    library: Library, plain: Bundle, told: list[str]
) -> None:
    for number, name in enumerate(("polka", "waltz", "funk")):
        add(library, name, number + 1)
    library.use("funk")
    damage(library, "funk")
    assert first_corpus(library, lambda: plain, told.append)[0] == "waltz"
    assert len(told) == 1
    assert "funk" in told[0]
    assert "notes.npy" in told[0]
    for name in ("waltz", "polka"):
        damage(library, name)
    assert first_corpus(library, lambda: plain, told.append) == (DEMO, plain)


def test_what_was_made_before_the_power_went_is_gone_to(library: Library, told: list[str]) -> None:
    add(library, "funk", 1)
    library.use("funk")
    make_bundle(library.place("waltz"))  # just now
    with closing(Corpora(library, "funk", None, say=told.append)) as corpora:
        stage = Stage(corpora)
        stage.until(lambda: stage.opened)
        assert stage.names == ["waltz"]


def test_a_box_that_was_given_a_corpus_stays_with_it(library: Library) -> None:
    make_bundle(library.place("waltz"))
    with closing(Corpora(library, "mine", None, "keep")) as corpora:
        assert corpora.turn(1, True) == []
        assert not any(one["waiting"] for one in corpora.names())


# -- uploads -------------------------------------------------------------------------------------


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "inbox").mkdir()
    return Places(
        tmp_path / "sessions", tmp_path / "corpora", tmp_path / "control.sock",
        tmp_path / "inbox", tmp_path / "uploads.json", tmp_path / "cache",
    )  # fmt: skip


def upload(places: Places, name: str, number: int = 0) -> None:
    assert places.inbox is not None
    content = demo.recordings()[number].read_bytes()
    (places.inbox / name).write_bytes(content)


def test_an_upload_becomes_the_corpus_that_plays(
    places: Places, library: Library, told: list[str]
) -> None:
    start = keeper(places, "pitch-histogram", 0.2)
    with closing(Corpora(library, DEMO, start, say=told.append)) as corpora:
        stage = Stage(corpora)
        upload(places, "monday.mid")
        stage.until(lambda: stage.opened)
        stage.until(lambda: library.current() == "monday")
        (places.inbox / "bad.zip").write_bytes(b"PK") if places.inbox else None
        stage.until(lambda: corpora.notice == "UPLOAD FAILED: bad.zip")
    assert stage.names == ["monday"]
    assert any("bad.zip" in line for line in told)
    assert (tmp := places.inbox) is not None
    assert (tmp / "monday.mid.REPORT.txt").exists()


def test_a_box_that_takes_none_has_no_keeper(places: Places) -> None:
    from dataclasses import replace

    assert keeper(replace(places, inbox=None), "pitch-histogram", 1.0) is None


class Scripted:
    """A child that tells what a test wants."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.ended = False
        self.closed = False
        self._bell = os.eventfd(0, os.EFD_NONBLOCK)

    def fileno(self) -> int:
        return self._bell

    def told(self) -> list[dict[str, Any]]:
        lines, self.lines = self.lines, []
        return lines

    def close(self) -> None:
        if not self.closed:
            os.close(self._bell)
        self.closed = True


class Start:
    def __init__(self) -> None:
        self.children: list[Scripted] = []

    def __call__(self) -> Any:
        self.children.append(Scripted())
        return self.children[-1]


def test_with_ask_a_tap_decides(library: Library, told: list[str]) -> None:
    add(library, "funk", 1)
    library.use("funk")
    start = Start()
    with closing(Corpora(library, "funk", start, "ask", told.append)) as corpora:
        stage = Stage(corpora)
        corpora.turn(1, True)
        (child,) = start.children
        for answer, wanted in ((False, []), (True, ["waltz"])):
            add(library, "waltz", 2)
            child.lines = [{"importing": "waltz.zip", "corpus": "waltz"}, {"made": "waltz"}]
            stage.until(lambda: corpora.asking)
            assert corpora.asking == "play waltz"
            assert stage.opened == []
            corpora.answer(answer)
            corpora.turn(time.monotonic_ns(), False)
            assert corpora.asking == ""
            stage.until(lambda wanted=wanted: stage.names == wanted)
        corpora.answer(True)  # to nothing
    assert stage.names == ["waltz"]


def test_progress_is_told_from_the_first_file_to_the_last(library: Library) -> None:
    start = Start()
    with closing(Corpora(library, DEMO, start)) as corpora:
        corpora.turn(1, False)
        (child,) = start.children
        seen = []
        for stage in ("reading", "embedding", "comparing"):
            for done in range(3):
                child.lines = [{"progress": stage, "done": done, "total": 2}]
                corpora.turn(2, False)
                seen.append(corpora.progress)
        assert seen == sorted(seen)
        assert seen[0] == 0.0
        assert seen[-1] == 1.0
        child.lines = [{"importing": "a.zip", "corpus": "a"}]
        corpora.turn(3, False)
        assert (corpora.importing, corpora.progress) == ("a.zip", 0.0)
        child.lines = [{"fault": "no notes"}]
        corpora.turn(4, False)
        assert (corpora.importing, corpora.notice) == ("", "UPLOAD FAILED: a.zip")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=3,
)
WORDS = st.sampled_from(["importing", "corpus", "progress", "done", "total", "arriving", "x"])


@given(st.lists(st.dictionaries(WORDS, JSON, max_size=4), max_size=5))
def test_a_keeper_that_talks_nonsense_does_no_harm(lines: list[dict[str, Any]]) -> None:
    start = Start()
    with closing(Inbox(start, lambda line: None)) as inbox:
        inbox.turn(0)
        start.children[0].lines = lines
        assert inbox.turn(1) == []
        assert 0 <= inbox.progress <= 1
        assert isinstance(inbox.importing, str)


def test_a_keeper_that_ends_is_started_again_and_not_too_often(told: list[str]) -> None:
    start = Start()
    inbox = Inbox(start, told.append)
    now = 0
    inbox.turn(now)
    inbox_times = []
    for _ in range(12):
        start.children[-1].ended = True
        before = len(start.children)
        inbox.turn(now)
        ended = now
        while len(start.children) == before:
            now += SECOND
            inbox.turn(now)
        inbox_times.append(now - ended)
    assert inbox_times[0] == FIRST_PAUSE_NS
    assert inbox_times == sorted(inbox_times)
    assert inbox_times[-1] == LONGEST_PAUSE_NS
    now += STEADY_NS
    start.children[-1].ended = True
    inbox.turn(now)
    inbox.turn(now + FIRST_PAUSE_NS)
    assert len(start.children) == 14, "one that lived long is started again at once"
    assert all(child.closed for child in start.children[:-1])
    assert len(told) == 13


def test_a_keeper_that_cannot_be_started_is_tried_again(told: list[str]) -> None:
    def start() -> Child:
        raise OSError("no processes left")

    inbox = Inbox(start, told.append)
    for now in range(0, 10 * SECOND, SECOND):
        assert inbox.turn(now) == []
    assert len(told) == 3  # at 0, 2 and 6 seconds
    assert "no processes left" in told[0]


def test_what_became_of_an_upload(told: list[str]) -> None:
    start = Start()
    with closing(Inbox(start, told.append)) as inbox:
        inbox.turn(0)
        start.children[0].lines = [
            {"importing": "a.zip", "corpus": "a"}, {"made": "a", "segments": 3},
            {"importing": "b.zip", "corpus": "b"}, {"fault": "no notes"},
        ]  # fmt: skip
        assert inbox.turn(1) == [Made("a.zip", "a"), Made("b.zip", "b", "no notes")]


# -- children ------------------------------------------------------------------------------------


def test_a_keeper_that_was_killed_comes_back(
    places: Places, library: Library, told: list[str]
) -> None:
    start = keeper(places, "pitch-histogram", 0.2)
    assert start is not None
    children: list[Child] = []

    def counted() -> Child:
        children.append(start())
        return children[-1]

    with closing(Corpora(library, DEMO, counted, say=told.append)) as corpora:
        stage = Stage(corpora)
        stage.until(lambda: children)
        os.kill(children[0]._process.pid, signal.SIGKILL)
        stage.until(lambda: len(children) == 2)
        upload(places, "monday.mid")
        stage.until(lambda: stage.opened)
    assert stage.names == ["monday"]


PARENT = """
import sys, time
from appliance.uploads.child import Child
child = Child("appliance.uploads.keeper", sys.argv[1:])
print(child._process.pid, flush=True)
while True:
    time.sleep(60)
"""


def test_a_keeper_ends_with_its_box_however_that_ends(
    places: Places, wait: Callable[[Callable[[], object], str], None]
) -> None:
    arguments = [f"--{name}={places.uploads.with_name(name)}" for name in (
        "inbox", "corpora", "known", "cache")]  # fmt: skip
    command = [sys.executable, "-c", PARENT, *arguments, "--embedder=pitch-histogram"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        keeper_pid = int(parent.stdout.readline())
        wait(lambda: os.getpriority(os.PRIO_PROCESS, keeper_pid) == 19, "the keeper")
        parent.kill()
    wait(lambda: not _lives(keeper_pid), "the keeper to end")


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_child_that_will_not_end_is_killed(tmp_path: Path) -> None:
    stubborn = tmp_path / "stubborn.py"
    stubborn.write_text(
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('{\"ready\": 1}', flush=True)\n"
        "print('[1]', flush=True)\n"
        "print('{', flush=True)\n"
        "while True: signal.pause()\n"
    )
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(tmp_path)
    try:
        child = Child("stubborn", [])
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    lines: list[dict[str, Any]] = []
    while not lines:
        select.select([child], [], [], PATIENCE_S)
        lines += child.told()
    child.told()
    assert lines == [{"ready": 1}]
    assert not child.ended
    child.close()
    assert not _lives(child._process.pid)


def test_the_checker_says_what_is_wrong(library: Library) -> None:
    add(library, "funk", 1)
    command = [sys.executable, "-m", "appliance.uploads.checker", str(library.place("funk"))]
    said = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert said["path"] == str(library.place("funk"))
    assert len(said["sound"]) == 64
    damage(library, "funk")
    said = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert "notes.npy" in said["fault"]
