"""The inbox is watched: each upload becomes a corpus once, one after the other."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inotify_simple import INotify, flags

from appliance.uploads.arrivals import REPORT
from appliance.uploads.importer import import_upload
from appliance.uploads.keeper import ENDED, Keeper, Places, Tell, Watch, import_apart
from appliance.uploads.task import Task
from corpus import demo
from corpus.keeping.library import Library

QUIET = 10


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "inbox").mkdir()
    return Places(
        tmp_path / "inbox", tmp_path / "corpora", tmp_path / "uploads.json", tmp_path / "cache"
    )


class Heard:
    """A keeper and what it told."""

    def __init__(self, places: Places) -> None:
        self.told: list[dict[str, Any]] = []
        self.keeper = Keeper(places, "pitch-histogram", QUIET, self.told.append, import_upload)

    def look(self, now: int) -> list[str]:
        """The corpora made at this look."""
        del self.told[:]
        self.keeper.look(now)
        return [line["made"] for line in self.told if "made" in line]


def upload(places: Places, name: str, number: int = 0) -> Path:
    place = places.inbox / name
    source = demo.recordings()[number]
    if place.suffix:
        place.write_bytes(source.read_bytes())
    else:
        place.mkdir(exist_ok=True)
        (place / source.name).write_bytes(source.read_bytes())
    return place


def test_each_upload_becomes_a_corpus_once(places: Places) -> None:
    heard = Heard(places)
    assert heard.look(0) == []
    upload(places, "monday")
    upload(places, "late.mid", 1)
    assert heard.look(1) == []
    assert heard.told == [{"arriving": ["late.mid", "monday"]}]
    assert heard.keeper.waits
    assert heard.look(11) == ["late", "monday"]
    assert heard.told[0] == {"importing": "late.mid", "corpus": "late"}
    assert heard.told[-1] == {"arriving": []}
    assert (places.inbox / "monday" / REPORT).exists()
    assert heard.look(30) == []
    assert heard.told == []
    assert not heard.keeper.waits
    assert Heard(places).look(0) == Heard(places).look(100) == []


def test_what_it_cannot_read_makes_it_knock_at_the_inbox_itself(places: Places) -> None:
    """A file deep in a folder is no change of the inbox, which is all that the system watches."""
    heard = Heard(places)
    take = next(upload(places, "monday").iterdir())
    with INotify() as watched:
        watched.add_watch(places.inbox, flags.CREATE | flags.DELETE)
        take.parent.chmod(0o770)
        take.chmod(0o660)
        heard.look(0)
        assert watched.read(timeout=0) == []
        take.chmod(0o600)
        heard.look(1)
        came, went = watched.read(timeout=0)
        assert came.name == went.name
        assert came.name.startswith(".")
    assert [line for line in heard.told if line != {"arriving": ["monday"]}] == []


def test_the_same_name_again_replaces_its_corpus(places: Places) -> None:
    heard = Heard(places)
    upload(places, "monday")
    heard.look(0)
    heard.look(10)
    library = Library(places.corpora)
    one = (library.place("monday") / "manifest.json").read_bytes()
    upload(places, "monday", 1)
    heard.look(20)
    assert heard.look(30) == ["monday"]
    assert library.names() == ["monday"]
    assert (library.place("monday") / "manifest.json").read_bytes() != one


def test_two_uploads_never_share_a_corpus(places: Places) -> None:
    heard = Heard(places)
    upload(places, "take.mid")
    upload(places, "take.midi", 1)
    heard.look(0)
    assert heard.look(10) == ["take", "take-2"]
    upload(places, "take.midi", 2)
    heard.look(20)
    assert heard.look(30) == ["take-2"]


def test_a_bad_upload_is_reported_once_and_the_next_goes_on(places: Places) -> None:
    heard = Heard(places)
    (places.inbox / "bad.zip").write_bytes(b"PK")
    upload(places, "good")
    heard.look(0)
    assert heard.look(10) == ["good"]
    assert sum("fault" in line for line in heard.told) == 1
    assert heard.look(30) == []
    assert heard.told == []


def test_the_last_three_are_kept(places: Places) -> None:
    heard = Heard(places)
    for number in range(5):
        upload(places, f"t{number}", number)
        heard.look(100 * number)
        heard.look(100 * number + 10)
    assert Library(places.corpora).names() == ["t4", "t3", "t2"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": {"print": 3}}'])
def test_a_damaged_memory_means_doing_it_again(places: Places, text: str) -> None:
    upload(places, "monday")
    places.known.write_text(text)
    heard = Heard(places)
    heard.look(0)
    assert heard.look(10) == ["monday"]


CRASHES = "import json, os; print(json.dumps({'progress': 1}), flush=True); os.abort()"


def test_an_import_that_crashes_is_reported_and_the_next_goes_on(places: Places) -> None:
    told: list[dict[str, Any]] = []

    def crash(task: Task, tell: Tell) -> None:
        import_apart(task, tell, [sys.executable, "-c", CRASHES])

    keeper = Keeper(places, "pitch-histogram", QUIET, told.append, crash)
    upload(places, "monday.mid")
    upload(places, "tuesday", 1)
    keeper.look(0)
    keeper.look(10)
    assert [line["fault"] for line in told if "fault" in line] == [ENDED, ENDED]
    assert ENDED in (places.inbox / f"monday.mid.{REPORT}").read_text()
    assert not keeper.waits
    assert Heard(places).look(0) == []


def test_an_import_is_a_process_that_passes_on_what_it_tells(places: Places) -> None:
    told: list[dict[str, Any]] = []
    take = upload(places, "monday.mid")
    task = Task(take, places.corpora, "monday", "pitch-histogram", places.cache)
    import_apart(task, told.append)
    assert told[-1]["made"] == "monday"
    assert {"reading", "embedding"} <= {line.get("progress") for line in told}


def test_the_watch_wakes_for_a_file_in_a_new_folder(places: Places) -> None:
    watch = Watch(places.inbox)
    watch.renew()
    assert watch.pause_s is None
    assert not ready(watch)
    (places.inbox / "takes").mkdir()
    assert ready(watch)
    watch.renew()
    assert not ready(watch)
    (places.inbox / "takes" / "a.mid").write_bytes(b"1")
    assert ready(watch)


def test_without_an_inbox_it_looks_now_and_then(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "none")
    watch.renew()
    assert watch.pause_s is not None


def ready(watch: Watch) -> bool:
    import select

    return bool(select.select([watch], [], [], 0)[0])


@pytest.fixture
def process(places: Places) -> Iterator[subprocess.Popen[str]]:
    arguments = [f"--{name}={value}" for name, value in vars(places).items()]
    command = [sys.executable, "-m", "appliance.uploads.keeper", *arguments]
    command += ["--embedder=pitch-histogram", "--quiet=0.2"]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield started
    started.kill()
    started.wait()


def test_the_process_imports_and_ends_with_its_parent(
    places: Places, process: subprocess.Popen[str]
) -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    upload(places, "monday")
    told = []
    for line in process.stdout:
        told.append(json.loads(line))
        if "made" in told[-1]:
            break
    assert told[-1]["made"] == "monday"
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19
    process.stdin.close()
    assert process.wait(30) == 0
