"""A concert of ten hours takes no more memory, and no more time a loop, at its end than at first.

Nothing is kept here either: the stage counts what is due and reports it, and that is all.
"""

import gc
import time
import tracemalloc
from collections import deque

import numpy as np
import pytest
from support.music import make_bundle, segments

from appliance.events import (
    Cancel,
    Command,
    MidiIn,
    Outcome,
    Reported,
    SeedCompared,
    Send,
    Tap,
    Tick,
    Timed,
    Write,
)
from appliance.jobs import compare_seed
from appliance.policies import Groove
from appliance.recorder import LISTEN_MESSAGES
from appliance.session import Session, Settings
from corpus.keeping.bundle import Bundle

SECOND = 1_000_000_000
TICK = 100_000_000
MINUTE = 60
BEGIN = 1_000_000 * SECOND  # the machine has run for days: so all times are numbers of one size
SPARE = 64 * 1024  # bytes by which two measurements of the same thing may differ
COMMANDS = ("next", "back", "hold", "cancel", "hold", "transpose")


class Hall:
    """A session that is played to for as long as it takes."""

    def __init__(self, bundle: Bundle, bpm: float, messages: int = 0) -> None:
        self.session = Session(Settings(rng=1, bpm=bpm), bundle, Groove())
        self.now = BEGIN
        self.loops = 0
        self._queue: deque[Timed] = deque()
        self._hands = np.random.default_rng(0)
        for step in range(messages):  # what is listened to is kept, up to a limit
            self.do(MidiIn(BEGIN - messages + step, bytes((0xB0, 1, step % 128))))
        self.do(Tap(BEGIN))
        step = round(30 * SECOND / bpm)
        for eighth in range(16):
            self.now = BEGIN + eighth * step
            key = 36 + eighth % 5
            self.do(MidiIn(self.now, bytes((0x90, key, 80))))
            self.do(MidiIn(self.now + step // 2, bytes((0x80, key, 0))))
        self.now = BEGIN + 16 * step
        self.do(Tap(self.now))
        playing = self.session.playing
        assert playing is not None
        self.do(SeedCompared(self.now, 1, compare_seed(bundle.path, playing.seed.phrase)))
        for number in range(600):  # and so are the notes of the player
            for status in (0x90, 0x80):
                self.do(MidiIn(self.now + number, bytes((status, 60 + number % 12, 50))))

    def play(self, seconds: float) -> float:
        """Let time pass, with a player, and a performer's move now and then; CPU seconds a loop."""
        end, before, began = self.now + round(seconds * SECOND), self.loops, time.process_time()
        while self.now < end:
            self.now += TICK
            self._report()
            self.do(Tick(self.now))
            if self.now % (3 * SECOND) == 0:
                key = int(self._hands.integers(60, 90))
                self.do(MidiIn(self.now, bytes((0x90, key, int(self._hands.integers(30, 110))))))
                self.do(MidiIn(self.now + 1, bytes((0x80, key, 0))))
            if self.now % (37 * SECOND) == 0:
                verb = COMMANDS[int(self._hands.integers(len(COMMANDS)))]
                self.do(Command(self.now, verb, float(self._hands.integers(-3, 4))))
        return (time.process_time() - began) / (self.loops - before)

    def do(self, event: Tap | Tick | MidiIn | Command | SeedCompared | Reported) -> None:
        for effect in self.session.step(event):
            match effect:
                case Send(messages):
                    self._queue += messages
                case Cancel(after):
                    self._cancel(after)
                case Write("provenance"):
                    self.loops += 1

    def _cancel(self, after: int) -> None:
        gone = [message for message in self._queue if message.due > after]
        self._queue = deque(message for message in self._queue if message.due <= after)
        for message in gone:
            self.do(Reported(self.now, message.seq, Outcome.CANCELLED))

    def _report(self) -> None:
        due = [message for message in self._queue if message.due <= self.now]
        self._queue = deque(message for message in self._queue if message.due > self.now)
        for message in due:
            self.do(Reported(self.now, message.seq, Outcome.SENT))


def held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def growth(
    bundle: Bundle, bpm: float, messages: int, filling: float, seconds: float
) -> tuple[int, float, int]:
    """Bytes that are held more after the last tenth of so many seconds than after the first, the
    time a loop takes in the one over the other, and how many loops there were.

    It begins when so many messages came and so long was `filling`: what is kept up to a limit is
    there by then.
    """
    tracemalloc.start()
    try:
        hall = Hall(bundle, bpm, messages)
        hall.play(filling)
        first = hall.play(seconds / 10)
        before = held()
        hall.play(seconds * 8 / 10)
        last = hall.play(seconds / 10)
        return held() - before, last / first, hall.loops
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("long") / "corpus", segments(48))


def test_a_few_minutes_leave_nothing_behind(wide: Bundle) -> None:
    more, _, loops = growth(wide, 240.0, 0, 140.0, 50.0)
    assert more < SPARE
    assert loops > 70


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_hours_leave_nothing_behind(wide: Bundle) -> None:
    more, slower, loops = growth(wide, 120.0, LISTEN_MESSAGES, 10 * MINUTE, 600 * MINUTE)
    assert more < SPARE
    assert slower < 1.25
    assert loops > 8000
