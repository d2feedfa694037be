"""Memory (MB) of all processes of a box while it plays for a long time, on MIDI ports of JACK.

From the repository: PYTHONPATH=.:tests .venv/bin/python tests/bench/growth.py [MINUTES]
A pianist taps the left pedal, plays a seed, and goes on playing over the loop; every ten minutes
the take is ended and another begun. JSON, a line a minute.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.jack import Ear, Hands, wait_until
from support.music import phrase
from support.service import Running, megabytes

SETTINGS = """
[midi]
output = "{output}"
input = "{input}"
profile = "keyboard"
[screen]
driver = "none"
"""
PEDAL, TAKE_MINUTES = 67, 10
SEED, SOLO = phrase(36, bpm=120), phrase(72, bpm=120, beats=16)


def play(hands: Hands, beats: float = 8.0, root: int = 0) -> None:
    """The seed's bars, or the solo's from another root, in real time."""
    music, start = (SOLO if root else SEED), time.monotonic()
    events = [
        (at * 0.5, bytes((status, int(note["pitch"]) + root, 80)))
        for note in music.notes
        for status, at in ((0x90, note["onset"]), (0x80, note["onset"] + note["duration"]))
        if at <= beats
    ]
    for at, message in sorted(events):
        time.sleep(max(0.0, start + at - time.monotonic()))
        hands.play(*message)
    time.sleep(max(0.0, start + beats * 0.5 - time.monotonic()))


def press(hands: Hands, seconds: float = 0.08) -> None:
    hands.play(0xB0, PEDAL, 127)
    time.sleep(seconds)
    hands.play(0xB0, PEDAL, 0)


def run(minutes: float, box: Running, hands: Hands, ear: Ear) -> None:
    began = time.monotonic()
    told = take = -1
    while (passed := (time.monotonic() - began) / 60) < minutes:
        if int(passed) // TAKE_MINUTES != take:
            take = int(passed) // TAKE_MINUTES
            if box.ask("status")["state"] != "idle":
                press(hands, 1.5)
                wait_until(lambda: box.ask("status")["state"] == "idle", "the end of a take")
            press(hands)
            play(hands)
            press(hands)
        if int(passed) != told:
            told = int(passed)
            said = box.ask("status")
            late = said["lateness_us"]
            line = {"minute": told} | {
                name: round(megabytes(box.family(), name), 1) for name in ("Pss", "Pss_Anon")
            }
            print(json.dumps(line | {"state": said["state"], "lateness_us": late}), flush=True)
        play(hands, 8.0, root=told % 12 - 6 or 1)
        ear.forget()


@contextmanager
def on_stage(more: str = "") -> Iterator[tuple[Running, Hands, Ear]]:
    """A box with the demo corpus, and its piano on a JACK server of its own; `more` settings."""
    name = f"bench-{os.getpid()}"
    os.environ |= {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}
    command = ["jackd", "-R", "-P", "70", "-S", "-n", name, "-d", "dummy", "-p", "1024"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        ear, hands = Ear("PianoIn"), Hands("PianoOut")
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "corpora").mkdir()  # empty: the box plays the demo corpus
            settings = SETTINGS.format(output=ear.name, input=hands.name) + more
            with Running(Path(folder), settings, {}) as box:
                box.until_ready()
                wait_until(lambda: all(box.ask("status")["ports"].values()), "the piano")
                yield box, hands, ear
                box.stop()
        ear.close()
        hands.close()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with on_stage() as (box, hands, ear):
        run(minutes, box, hands, ear)


if __name__ == "__main__":
    main()
