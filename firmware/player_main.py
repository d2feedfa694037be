"""The child process of `PlayerProcess`: one realtime thread that sends what is due.

It imports little, and once it plays it opens, logs and parses nothing. Started as
`python -m firmware.player_main SETTINGS`, with settings in JSON; not meant to be started by hand.
"""

import contextlib
import ctypes
import gc
import json
import os
import resource
import signal
import sys
import time
from collections import deque
from typing import Any

from firmware import ports
from firmware.board import CONNECTED, END, SIGHT, SIGHTED_AT, Board, Cell, Command, Line
from firmware.clock import MonotonicClock
from firmware.dispatch import Dispatcher, Message, Outcome
from firmware.errors import FirmwareError, PortFailed
from firmware.inlet import TRY_AGAIN_S, Inlet
from firmware.ring import Ring
from firmware.scheduling import Pin

_SENSING = b"\xfe"
_SENSING_EVERY_NS = 200_000_000
_COMMANDS_A_TURN = 16  # few, so that taking messages over never delays sending one
_SWITCH_INTERVAL_S = 50e-6
_WATCH_NS = 600_000
_BREATH_NS = 20_000  # long enough not to be over before it begins
_FLUSH_NS = 20_000_000
_ON_THE_WIRE_NS = 100_000_000  # the longest that a message takes from a send to the instrument
_NS = 1_000_000_000
_REALTIME_LIMIT_US = (1_000_000, 2_000_000)  # without a sleep: a signal, then the end
_MCL_CURRENT, _MCL_FUTURE = 1, 2
_FOR_ALL = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGABRT)  # the parent decides

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
        self._inlet = Inlet(
            self._inputs, self._bell, self._board, self._touch, settings["echo_window_ns"]
        )
        self._filters = self._inlet.filters
        self._output: Any = None
        self._away = False  # there is to be an output, and it is not there
        self._sight = 0
        self._next_search = 0
        self._sent_any = False
        self._news = False
        self._next_sensing = 0
        self._before = list(self._board.cells[: len(Cell)])
        self._stop = False
        self._pin: Pin | None = None
        self.dispatcher = Dispatcher(
            self._send, self._report, settings["stale_ns"], marks=self._board.marks
        )

    def stop(self, *_: object) -> None:
        """Ask the loop to end; a signal handler."""
        self._stop = True

    def open(self) -> dict[str, str | None]:
        """Open the ports, and release what a player before this one left sounding, or, where ports
        are waited for, a box that the power left.

        Returns the names that the ports have, None for one that is missing or not wanted.
        """
        output, source = self._settings["output"], self._settings["input"]
        wait = self._settings["wait_for_ports"]
        self._sight = self._board.cells[Line.OUTPUT + SIGHT]
        if output is not None:
            self._open_output(output, wait)
        if wait and not self._away:
            self.dispatcher.panic(self._clock.now())
        return {
            "output": None if self._output is None else self._output.name,
            "input": None if source is None else self._inlet.open(source, wait),
        }

    def keep_to_core(self) -> None:
        """From here on the calling thread stays on one core.

        The threads of the MIDI driver, which the ports brought, may go anywhere: on one core with
        this one they would have to wait while it watches the clock.
        """
        try:
            self._pin = Pin(self._settings["cpu"])
        except OSError as error:
            _complain(f"not kept to one core ({error}): notes may be late under load")

    def run(self) -> None:
        """Play until asked to stop, or until the parent is gone."""
        while not self._stop and os.getppid() == self._settings["parent"]:
            self._turn()

    def close(self) -> None:
        """Silence, and close the ports once it is heard."""
        self.dispatcher.panic(self._clock.now())
        if self._output is not None:
            self._clock.wait_until(self._clock.now() + _FLUSH_NS)
        self._inlet.close()
        if self._output is not None:
            self._output.close()
        self._board.cells[Line.OUTPUT + CONNECTED] = 0
        self._publish()

    def _turn(self) -> None:
        started = self._clock.now()
        self._inlet.heed()
        if self._board.cells[Line.OUTPUT + SIGHT] != self._sight and started >= self._next_search:
            self._follow_output(self._board.cells[Line.OUTPUT + SIGHT])
        more = self._take_commands()
        self._take_hands()
        due = self.dispatcher.run(self._clock.now())
        self._sense(started)
        self._board.cells[Cell.HEARTBEAT] = started
        if self._news or self._inlet.news:
            self._publish()
        # Even with more to take over it sleeps, if only just: other threads of this process want
        # the interpreter, and the kernel ends a realtime process that never does.
        pause = _BREATH_NS if more else self._settings["poll_ns"]
        self._wait(due, (self._clock.now() if more else started) + pause)

    def _wait(self, due: int | None, wake: int) -> None:
        """Until the next turn. What is due before it leaves first of all.

        On a busy machine a thread may wake half a millisecond late, realtime or not: so sleep ends
        early by more than that, and the rest is spent looking at the clock.
        """
        if due is None or due > wake + _WATCH_NS:
            self._clock.wait_until(wake)
            return
        now = self._clock.now
        self._clock.wait_until(due - _WATCH_NS)
        while now() < due:
            pass
        self._take_hands()  # a key may have gone down in the meantime
        self.dispatcher.run(now())

    def _take_hands(self) -> None:
        while self._hands:
            self.dispatcher.hold(*self._hands.popleft())

    def _take_commands(self) -> bool:
        """Obey some commands, at least one; True when there may be more.

        It breaks off when a message is nearly due: that one is sent first.
        """
        for taken in range(_COMMANDS_A_TURN):
            if taken and self._is_near():
                return True
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

    def _is_near(self) -> bool:
        due = self.dispatcher.next_due
        return due is not None and 0 <= due - self._clock.now() < _WATCH_NS

    def _sense(self, now: int) -> None:
        """Once playing began, never leave the instrument in doubt that we live."""
        if not self._settings["active_sensing"] or not self._sent_any or now < self._next_sensing:
            return
        if self._away:
            return
        self._next_sensing = now + _SENSING_EVERY_NS
        try:
            self._send(_SENSING)
        except FirmwareError:
            self._before[Cell.FAILED_SENDS] += 1
            self._news = True

    def _send(self, data: bytes) -> None:
        if self._away:
            raise PortFailed("the MIDI output is away")
        if self._filters and data[0] < 0xA0:
            self._inlet.departed(time.monotonic_ns(), data)
        if self._output is not None:
            self._output.send(data)
        self._sent_any = True

    def _report(self, seq: int, outcome: int, due: int, at: int) -> None:
        if outcome == Outcome.SENT:
            at = time.monotonic_ns()  # after the port took it, not before
        self._reports.put(outcome, due, at, seq)
        self._news = True

    def _publish(self) -> None:
        self._news = self._inlet.news = False
        totals = self.dispatcher.counters()
        for cell, name in _COUNTED.items():
            self._board.cells[cell] = self._before[cell] + totals[name]
        for cell, count in ((Cell.BAD_INPUT, self._inlet.bad), (Cell.ECHOED, self._inlet.echoed)):
            self._board.cells[cell] = self._before[cell] + count
        os.eventfd_write(self._bell, 1)

    def _touch(self, key: int, down: bool) -> None:
        """The pianist's hands moved; called on the thread of the MIDI driver."""
        self._hands.append((key, down))

    # An output that goes and comes

    def _open_output(self, pattern: str, wait: bool) -> None:
        try:
            self._output = ports.open_output(pattern)
        except FirmwareError:
            if not wait:
                raise
            self._away = True
            self._sight = 0
        self._board.cells[Line.OUTPUT + CONNECTED] = not self._away

    def _follow_output(self, sight: int) -> None:
        """Do as the parent saw: this may block, but then nothing can sound until it is done."""
        if not self._away:
            self._lose_output()
        if sight & 1 and not self._find_output():
            self._next_search = self._clock.now() + round(TRY_AGAIN_S * _NS)
            return
        self._sight = sight
        self._news = True

    def _lose_output(self) -> None:
        self._away = True
        self._board.cells[Line.OUTPUT + CONNECTED] = 0
        # It went some time after it was last seen, and what left since then may be unheard.
        seen = self._board.cells[Line.OUTPUT + SIGHTED_AT]
        self.dispatcher.doubt(max(0, seen - _ON_THE_WIRE_NS))
        output, self._output = self._output, None
        output.close()

    def _find_output(self) -> bool:
        try:
            with self._pin.aside() if self._pin else contextlib.nullcontext():
                output = ports.open_output(self._settings["output"], own=False)
        except FirmwareError:
            return False
        # Opening takes time. What fell due until now fails as all did before, or it would leave
        # in one burst.
        while self._take_commands():
            pass
        self.dispatcher.run(self._clock.now())
        self._output, self._away = output, False
        self.dispatcher.silence(self._clock.now())
        self._board.cells[Cell.RETURNED] += 1
        self._board.cells[Line.OUTPUT + CONNECTED] = 1
        return True


def become_realtime(priority: int) -> bool:
    """Ask for realtime scheduling; False, and a line on stderr, where the system forbids it.

    Called before the ports open, because the threads of the MIDI driver inherit it: one that holds
    the interpreter lock must not be put aside for others. A thread that never sleeps again, as
    that of a driver may when its server is gone, would keep the machine to itself: the kernel ends
    the process then (RLIMIT_RTTIME), and the parent starts another.
    """
    try:
        resource.setrlimit(resource.RLIMIT_RTTIME, _REALTIME_LIMIT_US)
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
    for number in _FOR_ALL:
        signal.signal(number, signal.SIG_IGN)
    loop = PlayerLoop(settings)
    signal.signal(END, loop.stop)
    realtime = become_realtime(settings["priority"])
    lock_memory()  # takes a while, in which nothing may have to be on time
    try:
        names = loop.open()
    except FirmwareError as error:
        _answer(settings["ready"], error=type(error).__name__, message=str(error))
        return 1
    if realtime:  # an ordinary thread had better go where there is room
        loop.keep_to_core()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.freeze()
    gc.disable()
    _answer(settings["ready"], realtime=realtime, names=names)
    try:
        loop.run()
    finally:
        loop.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
