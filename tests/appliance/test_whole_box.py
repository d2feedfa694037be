"""The whole box as a musician has it: piano and pedal on real MIDI ports, uploads over SSH.

`smartlooper run` is a process of its own; what it plays is heard by another program.
"""

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.jack import Ear, Hands, Jack, wait_until
from support.music import phrase
from support.service import Running, lives
from support.sshd import UploadServer

from appliance.cli import main
from appliance.verify import verify_session
from corpus import demo
from corpus.keeping.bundle import open_bundle
from corpus.keeping.library import Library
from firmware.clock import MonotonicClock
from models.notes import Phrase

pytestmark = pytest.mark.slow

SETTINGS = """
[midi]
output = "{output}"
input = "{input}"
profile = "keyboard"
[screen]
driver = "none"
[warmup]
loops = 1
[uploads]
embedder = "pitch-histogram"
quiet_s = 0.5
"""
LEFT_PEDAL = 67
SECOND = 1_000_000_000
SEED = phrase(36, bpm=180)


class Pianist:
    """Hands at the keys, and a foot on the left pedal, which is the footswitch."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._clock = MonotonicClock()

    def tap(self) -> None:
        self.press(0.08)

    def press(self, seconds: float) -> None:
        self._hands.play(0xB0, LEFT_PEDAL, 127)
        self._wait(seconds)
        self._hands.play(0xB0, LEFT_PEDAL, 0)

    def record(self, seed: Phrase = SEED) -> None:
        """A tap on the first beat, the seed in time, and a tap where its loop begins again."""
        start, beat = self._clock.now(), 60 * SECOND / seed.bpm
        played = [(0.0, bytes((0xB0, LEFT_PEDAL, 127))), (0.2, bytes((0xB0, LEFT_PEDAL, 0)))]
        for note in seed.notes:
            onset, end = float(note["onset"]), float(note["onset"] + note["duration"])
            key = int(note["pitch"])
            played += [
                (onset, bytes((0x90, key, int(note["velocity"])))),
                (end, bytes((0x80, key, 0))),
            ]
        for at, message in sorted(played):
            self._clock.wait_until(start + round(at * beat))
            self._hands.play(*message)
        self._clock.wait_until(start + round(seed.beats * beat))
        self.tap()

    def _wait(self, seconds: float) -> None:
        self._clock.wait_until(self._clock.now() + round(seconds * SECOND))


def state_is(box: Running, *wanted: str) -> None:
    wait_until(lambda: box.ask("status")["state"] in wanted, f"to be {wanted}: {box.said()}")


def looping(box: Running, hands: Hands) -> Pianist:
    """From when the piano is found until the seed loops."""
    pianist = Pianist(hands)
    wait_until(lambda: all(box.ask("status")["ports"].values()), "the piano to be found")
    pianist.record()
    state_is(box, "warmup", "groove")
    return pianist


def takes(box: Running) -> list[Path]:
    return sorted(path.parent for path in (box.state / "sessions").glob("*/session.json"))


def verified(box: Running, folder: Path, corpus: str) -> set[str]:
    """The session is proved from its folder; says which tracks were heard."""
    wait_until((folder / "performance.mid").exists, "the take to be finished")
    verify_session(folder, open_bundle(Library(box.state / "corpora").place(corpus)))
    lines = (folder / "provenance.jsonl").read_text().splitlines()
    return {json.loads(line)["track"] for line in lines}


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A folder of takes, as a musician has one."""
    folder = tmp_path / "sunday-tapes"
    folder.mkdir()
    for take in demo.recordings():
        shutil.copy(take, folder)
    return folder


@pytest.fixture
def box(jack: Jack, ear: Ear, hands: Hands, upload_server: UploadServer) -> Iterator[Running]:
    """Beside the piano, and where uploads come in."""
    settings = SETTINGS.format(output=ear.name, input=hands.name)
    with Running(upload_server.inbox.parent, settings, {}) as running:
        running.until_ready()
        yield running


def test_from_boot_to_a_new_corpus_and_out(
    jack: Jack,
    ear: Ear,
    hands: Hands,
    box: Running,
    upload_server: UploadServer,
    recordings: Path,
) -> None:
    pianist = looping(box, hands)
    state_is(box, "groove")
    wait_until(lambda: len(ear.listen()) > 20, "the loop to be heard")

    assert upload_server.scp(recordings).returncode == 0  # while it plays
    report = upload_server.inbox / "sunday-tapes" / "REPORT.txt"
    wait_until(report.exists, "the report beside the upload")
    assert "sunday-tapes" in report.read_text()
    assert upload_server.sftp("get sunday-tapes/REPORT.txt /dev/null").returncode == 0
    said = box.ask("status")
    assert (said["state"], said["corpus"]) == ("groove", "funk")

    pianist.press(1.5)  # the ending
    state_is(box, "idle")
    assert ear.sounding() == set()
    assert verified(box, takes(box)[0], "funk") > {"seed"}

    wait_until(lambda: box.ask("status")["corpus"] == "sunday-tapes", "the new corpus")
    pianist.record()
    state_is(box, "groove")
    pianist.press(3.5)  # silence now
    state_is(box, "idle")
    assert ear.sounding() == set()
    names = {take.stem for take in demo.recordings()}
    assert verified(box, takes(box)[1], "sunday-tapes") - {"seed"} <= names

    assert box.run("use", "funk").returncode == 0
    wait_until(lambda: box.ask("status")["corpus"] == "funk", "the old corpus again")
    box.stop()
    assert box.process.returncode == 0


def test_told_to_stop_in_the_middle_it_lets_every_key_go(
    ear: Ear, hands: Hands, box: Running
) -> None:
    family = box.family()
    looping(box, hands)
    wait_until(lambda: len(ear.sounding()) > 0, "a note")
    box.stop(signal.SIGTERM)
    assert box.process.returncode == 0
    wait_until(lambda: ear.sounding() == set(), "every key to be let go")
    assert verified(box, takes(box)[0], "funk")
    wait_until(lambda: not any(lives(pid) for pid in family), "its processes to end")


def test_killed_in_the_middle_it_is_silent_and_comes_back(
    ear: Ear, hands: Hands, box: Running
) -> None:
    family = box.family()
    looping(box, hands)
    wait_until(lambda: len(ear.listen()) > 30, "more than a second of the loop")
    wait_until(lambda: len(ear.sounding()) > 0, "a note")
    box.stop(signal.SIGKILL)
    wait_until(lambda: ear.sounding() == set(), "every key to be let go")
    wait_until(lambda: not any(lives(pid) for pid in family), "its processes to end")
    settings = box.config.read_text()
    with Running(box.state, settings, {}) as again:
        again.until_ready()
        assert again.ask("status")["state"] == "idle"
        (cut,) = takes(again)
        corpus = Library(box.state / "corpora").place("funk")
        assert main(["session", "verify", str(cut), "--corpus", str(corpus)]) == 0
        looping(again, hands)
