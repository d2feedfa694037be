"""The child process of `PlayerProcess`: one realtime thread that sends what is due.

It imports little, and once it plays it opens, logs and parses nothing. Started as
`python -m firmware.player_main SETTINGS`, with settings in JSON; not meant to be started by hand.
"""

import contextlib
import ctypes
import gc
import json
import os
import signal
import sys
import time
from collections import deque
from typing import Any

from firmware import ports
from firmware.board import FIRST, LAST, Board, Cell, Command
from firmware.clock import MonotonicClock
from firmware.dispatch import Dispatcher, Message, Outcome, is_note_off, is_note_on
from firmware.errors import FirmwareError
from firmware.ring import DATA_SIZE, Ring

_SENSING = b"\xfe"
_SENSING_EVERY_NS = 200_000_000
_COMMANDS_A_TURN = 16  # few, so that taking messages over never delays sending one
_LONGEST_INPUT = 1024
_SWITCH_INTERVAL_S = 50e-6
_FLUSH_NS = 20_000_000
_MCL_CURRENT, _MCL_FUTURE = 1, 2

_COUNTED = {
    Cell.STALE: "stale",
    Cell.YIELDED: "yielded",
    Cell.FAILED: "failed",
    Cell.FAILED_SENDS: "failed_sends",
    Cell.QUEUE_OVERFLOWS: "queue_overflows",
}


class PlayerLoop:
    """Moves messages from the command ring to the port, and from the port to the input ring."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._clock = MonotonicClock()
        self._board = Board(settings["board"])
        self._commands = Ring(settings["commands"])
        self._reports = Ring(settings["reports"])
        self._inputs = Ring(settings["inputs"])
        self._bell: int = settings["bell"]
        self._hands: deque[tuple[int, bool]] = deque(maxlen=1024)
        self._output: Any = None
        self._input: Any = None
        self._sent_any = False
        self._news = False
        self._next_sensing = 0
        self._bad_input = 0
        self._before = list(self._board.cells[: len(Cell)])
        self._stop = False
        self.dispatcher = Dispatcher(
            self._send, self._report, settings["stale_ns"], marks=self._board.marks
        )

    def stop(self, *_: object) -> None:
        """Ask the loop to end; a signal handler."""
        self._stop = True

    def open(self) -> None:
        """Open the ports, and release what a player before this one left sounding."""
        if self._settings["output"] is not None:
            self._output = ports.open_output(self._settings["output"])
        if self._settings["release"]:
            self.dispatcher.panic(self._clock.now())
        if self._settings["input"] is not None:
            self._input = ports.open_input(self._settings["input"], self._receive)

    def run(self) -> None:
        """Play until asked to stop, or until the parent is gone."""
        while not self._stop and os.getppid() == self._settings["parent"]:
            self._turn()

    def close(self) -> None:
        """Silence, and close the ports once it is heard."""
        self.dispatcher.panic(self._clock.now())
        if self._output is not None:
            self._clock.wait_until(self._clock.now() + _FLUSH_NS)
        for port in (self._input, self._output):
            if port is not None:
                port.close()
        self._publish()

    def _turn(self) -> None:
        started = self._clock.now()
        more = self._take_commands()
        while self._hands:
            self.dispatcher.hold(*self._hands.popleft())
        due = self.dispatcher.run(self._clock.now())
        self._sense(started)
        self._board.cells[Cell.HEARTBEAT] = started
        if self._news:
            self._publish()
        if not more:
            wake = started + self._settings["poll_ns"]
            self._clock.wait_until(wake if due is None else min(due, wake))

    def _take_commands(self) -> bool:
        """Obey some commands; True when there may be more."""
        for _ in range(_COMMANDS_A_TURN):
            record = self._commands.get()
            if record is None:
                return False
            kind, a, b, c, data = record
            if kind == Command.SCHEDULE:
                self.dispatcher.add(Message(a, c, b, data))
            elif kind == Command.CANCEL:
                self.dispatcher.cancel(a)
            elif kind == Command.HOLD:
                self.dispatcher.hold(a, bool(b))
            elif kind == Command.PANIC:
                self.dispatcher.panic(self._clock.now())
        return True

    def _sense(self, now: int) -> None:
        """Once playing began, never leave the instrument in doubt that we live."""
        if not self._settings["active_sensing"] or not self._sent_any or now < self._next_sensing:
            return
        self._next_sensing = now + _SENSING_EVERY_NS
        try:
            self._send(_SENSING)
        except FirmwareError:
            self._before[Cell.FAILED_SENDS] += 1
            self._news = True

    def _send(self, data: bytes) -> None:
        if self._output is not None:
            self._output.send(data)
        self._sent_any = True

    def _report(self, seq: int, outcome: int, due: int, at: int) -> None:
        if outcome == Outcome.SENT:
            at = time.monotonic_ns()  # after the port took it, not before
        self._reports.put(outcome, due, at, seq)
        self._news = True

    def _publish(self) -> None:
        self._news = False
        totals = self.dispatcher.counters()
        for cell, name in _COUNTED.items():
            self._board.cells[cell] = self._before[cell] + totals[name]
        self._board.cells[Cell.BAD_INPUT] = self._before[Cell.BAD_INPUT] + self._bad_input
        os.eventfd_write(self._bell, 1)

    # On the thread of the MIDI driver

    def _receive(self, ns: int, data: bytes) -> None:
        if is_note_on(data) or is_note_off(data):
            self._hands.append((data[1], is_note_on(data)))
        if self._hand_over(ns, data):
            os.eventfd_write(self._bell, 1)

    def _hand_over(self, ns: int, data: bytes) -> bool:
        if not 0 < len(data) <= _LONGEST_INPUT:
            self._bad_input += 1
            self._news = True
            return False
        for start in range(0, len(data), DATA_SIZE):
            part = data[start : start + DATA_SIZE]
            flags = (FIRST if start == 0 else 0) | (LAST if start + DATA_SIZE >= len(data) else 0)
            if not self._inputs.put(flags, ns, data=part):
                return False
        return True


def become_realtime(priority: int, cpu: int | None) -> bool:
    """Ask for realtime scheduling; False, and a line on stderr, where the system forbids it.

    Called before the ports open, because the threads of the MIDI driver inherit it: one that holds
    the interpreter lock must not be put aside for others.
    """
    try:
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        _complain(
            f"no realtime scheduling ({error}): notes may be late under load; "
            "allow it with LimitRTPRIO in the unit, or with the group audio"
        )
        return False
    return True


def lock_memory() -> None:
    """Keep all memory in RAM, now and later: a page fault costs more than a late note may."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE):
        reason = os.strerror(ctypes.get_errno())
        _complain(f"memory is not locked ({reason}): raise LimitMEMLOCK in the unit")


def _complain(text: str) -> None:
    print(f"smartlooper player: {text}", file=sys.stderr, flush=True)


def _answer(ready: int, **answer: object) -> None:
    with contextlib.suppress(BrokenPipeError):  # the parent is gone; the loop will see it
        os.write(ready, json.dumps(answer).encode() + b"\n")
    os.close(ready)


def main(settings: dict[str, Any]) -> int:
    """Play until told to stop; exit status 1 when the ports could not be opened."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: parent decides
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    loop = PlayerLoop(settings)
    signal.signal(signal.SIGTERM, loop.stop)
    realtime = become_realtime(settings["priority"], settings["cpu"])
    lock_memory()  # takes a while, in which nothing may have to be on time
    try:
        loop.open()
    except FirmwareError as error:
        _answer(settings["ready"], error=type(error).__name__, message=str(error))
        return 1
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.freeze()
    gc.disable()
    _answer(settings["ready"], realtime=realtime)
    try:
        loop.run()
    finally:
        loop.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
