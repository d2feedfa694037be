"""`smartlooper run` as a process, powered before its piano."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO

from support.jack import Ear, Hands, Jack
from support.music import phrase

from appliance.pianist import messages
from appliance.transport import Transport


class Running:
    """The process, the terminal that it believes to have, and what it said so far."""

    def __init__(self, folder: Path, name: str) -> None:
        config = folder / "config.toml"
        config.write_text(f'[midi]\noutput = "{name}"\ninput = "{name}"\nprofile = "keyboard"\n')
        self.name = name
        self.said: list[str] = []
        self.complaints: list[str] = []
        self._keys, terminal = os.openpty()
        command = [sys.executable, "-m", "appliance", "run"]
        self.process = subprocess.Popen(
            [*command, "--config", str(config), "--state", str(folder)],
            stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        os.close(terminal)
        streams = ((self.process.stdout, self.said), (self.process.stderr, self.complaints))
        self._readers = [threading.Thread(target=_read, args=pair) for pair in streams]
        for reader in self._readers:
            reader.start()

    def shows(self, text: str) -> bool:
        """On the latest line."""
        assert self.process.poll() is None, self.complaints
        return bool(self.said) and text in self.said[-1]

    def tap(self) -> None:
        os.write(self._keys, b" ")

    def end(self) -> int:
        self.process.terminate()
        code = self.process.wait(60)
        for reader in self._readers:
            reader.join(60)
        os.close(self._keys)
        return code

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end()


def _read(stream: IO[str], into: list[str]) -> None:
    with stream:
        into.extend(iter(stream.readline, ""))


def test_a_box_that_is_powered_before_its_piano_plays_when_it_comes(
    jack: Jack, tmp_path: Path, unique: Callable[[str], str]
) -> None:
    def check() -> None:
        folder = tmp_path / unique("box")
        folder.mkdir()
        with Running(folder, unique("piano")) as running:
            start_without_a_piano(running, jack)
            with closing(Ear(running.name)) as ear, closing(Hands(running.name)) as hands:
                play_when_it_comes(running, ear, hands, jack)
        (take,) = (folder / "sessions").iterdir()
        assert (take / "session.json").exists()

    jack.attempt(check)


def start_without_a_piano(running: Running, jack: Jack) -> None:
    jack.wait(lambda: running.shows("PIANO OFF"), "the box without its piano")
    for direction in ("output", "input"):
        line = f"waiting for a MIDI {direction} matching {running.name!r}"
        jack.wait(lambda line=line: any(line in said for said in running.complaints), line)


def play_when_it_comes(running: Running, ear: Ear, hands: Hands, jack: Jack) -> None:
    jack.wait(lambda: running.said and not running.shows("PIANO OFF"), "the piano to be found")
    running.tap()
    jack.wait(lambda: running.shows("recording"), "the recording")
    play(hands)
    running.tap()
    jack.wait(ear.sounding, "the loop")
    assert running.end() == 0
    jack.wait(lambda: not ear.sounding(), "silence")
    assert not any("Traceback" in line for line in running.complaints)


def play(hands: Hands) -> None:
    """Two bars, as fast as the clock says."""
    seed = phrase(36, bpm=200)
    for ns, data in messages(seed, Transport(0.0, time.monotonic_ns(), seed.bpm)):
        time.sleep(max(0, ns - time.monotonic_ns()) / 1e9)
        hands.play(*data)
