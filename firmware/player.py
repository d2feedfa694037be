"""The player: sends messages on time, from a process of its own, and hears what comes in."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from firmware.board import (
    CONNECTED,
    END,
    FIRST,
    LAST,
    SIGHT,
    SIGHTED_AT,
    Board,
    Cell,
    Command,
    Line,
)
from firmware.dispatch import (
    DEFAULT_STALE_NS,
    HELD_AT,
    KEYS,
    Message,
    Outcome,
    Report,
    check_message,
    is_note_on,
)
from firmware.errors import FirmwareError, PortFailed, PortNotFound
from firmware.hands import Hands
from firmware.ring import DATA_SIZE, Record, Ring
from firmware.watch import PortWatch, Watched, is_watched

_COMMANDS, _REPORTS, _INPUTS = 8192, 8192, 4096
_RESERVE = 512  # places in the command ring that are kept free of note-ons
_MOST_KEPT = 65536
_MOST_BACKLOG = 4096
_HEARTBEAT_LIMIT_NS = 2_000_000_000
_END_LIMIT_S = 3.0
_LINES = {"output": Line.OUTPUT, "input": Line.INPUT}
_ERRORS = {error.__name__: error for error in (FirmwareError, PortFailed, PortNotFound)}


class Player(Protocol):
    """Sends messages when they are due. One thread at a time may use it; nothing blocks."""

    realtime: bool
    """False when the system refused realtime scheduling: messages may leave late under load."""

    def schedule(self, messages: Iterable[Message]) -> None:
        """Hand over messages. Every one of them comes back as one report."""
        ...

    def cancel(self, after: int) -> None:
        """Forget what is due later than `after` (ns); see `Dispatcher.cancel`."""
        ...

    def hold(self, key: int, down: bool) -> None:
        """The pianist pressed or let go a key, as told by another than the player's own input."""
        ...

    def panic(self) -> None:
        """Silence, at once; what was scheduled is cancelled."""
        ...

    def reports(self) -> list[Report]:
        """What became of messages since the last call, in the order in which it did."""
        ...

    def incoming(self) -> list[tuple[int, bytes]]:
        """What came in since the last call, in order: nanoseconds and the message."""
        ...

    def counters(self) -> dict[str, int]:
        """Totals since the start: stale, yielded, failed_sends, ring_overflows and others.

        `returned` counts how often the output was found again; then its pedals are up.
        """
        ...

    def close(self) -> None:
        """Silence and stop; again does nothing."""
        ...


class PlayerProcess:
    """The real player, in a child process with one realtime thread.

    `output` and `input` name MIDI ports (see `firmware.ports`); without an output it counts and
    times only. The keys that the pianist presses on the input are yielded to by the child itself.
    Raises PortNotFound, PortFailed or FirmwareError when the child cannot start.

    A port that goes while playing is taken up again when it comes back. What is due in between is
    skipped (reported as FAILED), and on the way back all that may sound still is released. Of an
    input that goes, the keys and pedals that were down come in as released. With `wait_for_ports`
    a port may be missing from the start, or not open; without, that raises. See `ports`.

    The thread keeps to the core `cpu`, the last one by default; those of the MIDI driver do not.

    With `echo_window_ns` above 0, a note that comes in within that time after the same was sent is
    taken for the instrument's echo: it is no playing, and no hand on the key.

    Between the two processes there are rings in shared memory and no lock. A full ring is counted,
    never waited for: a note-on is then refused (reported as FAILED), anything else is kept here
    and handed over at the next call.
    """

    realtime: bool

    def __init__(
        self,
        output: str | None,
        input: str | None,
        *,
        priority: int = 80,
        cpu: int | None = None,
        stale_ns: int = DEFAULT_STALE_NS,
        active_sensing: bool = False,
        echo_window_ns: int = 0,
        wait_for_ports: bool = False,
        poll_ns: int = 2_000_000,
        start_limit_s: float = 10.0,
    ) -> None:
        self._settings: dict[str, Any] = {
            "output": output,
            "input": input,
            "priority": priority,
            "cpu": cpu,
            "stale_ns": stale_ns,
            "active_sensing": active_sensing,
            "echo_window_ns": echo_window_ns,
            "wait_for_ports": wait_for_ports,
            "poll_ns": poll_ns,
        }
        self._start_limit_s = start_limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: PortWatch | None = None
        self._open = True
        self._refused = self._lost = self._restarts = 0
        self._backlog: deque[Record] = deque()
        self._kept_reports: deque[Report] = deque(maxlen=_MOST_KEPT)
        self._kept_input: deque[tuple[int, bytes]] = deque(maxlen=_MOST_KEPT)
        self._partial: tuple[int, bytearray] | None = None
        self._hands = Hands()  # on the input
        self._told_down: set[int] = set()  # keys that `hold` said are down
        self._board = Board.create()
        self._commands = Ring.create(_COMMANDS, "commands")
        self._reports = Ring.create(_REPORTS, "reports")
        self._inputs = Ring.create(_INPUTS, "inputs")
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._overflows_before = 0
        self.realtime = False
        try:
            self._start(release=False)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "PlayerProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # The Player protocol

    def schedule(self, messages: Iterable[Message]) -> None:
        """Hand over messages; ValueError, and none is taken, when one is not a MIDI message."""
        batch = list(messages)
        for message in batch:
            check_message(message)
        alive = self.alive
        self._flush()
        for message in batch:
            if not alive or (is_note_on(message.data) and self._is_crowded()):
                self._refuse(message.seq, message.due)
                continue
            record = (Command.SCHEDULE, message.due, message.note, message.seq, message.data)
            self._command(record)

    def cancel(self, after: int) -> None:
        self._command((Command.CANCEL, after, 0, 0, b""))

    def hold(self, key: int, down: bool) -> None:
        (self._told_down.add if down else self._told_down.discard)(key)
        self._command((Command.HOLD, key, int(down), 0, b""))

    def panic(self) -> None:
        waiting = [record for record in self._backlog if record[0] == Command.SCHEDULE]
        # Where the hands are stays true; one record a key, so that there is room.
        hands = {record[1]: record for record in self._backlog if record[0] == Command.HOLD}
        self._backlog.clear()
        self._backlog.extend(hands.values())
        self._command((Command.PANIC, 0, 0, 0, b""))
        now = time.monotonic_ns()
        for _, due, _, seq, _ in waiting:
            self._kept_reports.append(Report(seq, Outcome.CANCELLED, due, now))

    def reports(self) -> list[Report]:
        self._collect()
        found = list(self._kept_reports)
        self._kept_reports.clear()
        return found

    def incoming(self) -> list[tuple[int, bytes]]:
        self._collect()
        found = list(self._kept_input)
        self._kept_input.clear()
        return found

    def counters(self) -> dict[str, int]:
        if not self._open:
            return dict(self._last_counters)
        names = {cell.name.lower(): self._board.cells[cell] for cell in Cell}
        del names["heartbeat"]
        dropped = self._commands.dropped + self._reports.dropped + self._inputs.dropped
        return names | {
            "ring_overflows": self._refused + self._overflows_before + dropped,
            "lost_reports": self._lost + self._reports.dropped,
            "restarts": self._restarts,
        }

    def close(self) -> None:
        """Silence, stop the child and wait for its end (at most some seconds)."""
        if not self._open:
            return
        self._end_child()
        self._collect()
        self._last_counters = self.counters()
        self._open = False
        for shared in (self._board, self._commands, self._reports, self._inputs):
            shared.close()
            os.close(shared.fd)
        os.close(self._bell)
        self._bell = -1

    # What only a real process has

    @property
    def alive(self) -> bool:
        """False when the child has ended, or has not turned its loop for two seconds."""
        if self._process is None or self._process.poll() is not None:
            return False
        return time.monotonic_ns() - self._board.cells[Cell.HEARTBEAT] < _HEARTBEAT_LIMIT_NS

    @property
    def pid(self) -> int | None:
        """Process id of the child."""
        return self._process.pid if self._process else None

    def fileno(self) -> int:
        """Readable while reports or input wait; -1 once closed. It does not tell of a death."""
        return self._bell

    def ports(self) -> dict[str, bool]:
        """Whether "output" and "input" are connected; True too for one that was not asked for."""
        return {
            direction: self._settings[direction] is None
            or (self.alive and self._board.cells[line + CONNECTED] == 1)
            for direction, line in _LINES.items()
        }

    def absent(self) -> dict[str, str]:
        """The ports that are not connected: "output" or "input", and the pattern asked for."""
        missing = (direction for direction, there in self.ports().items() if not there)
        return {direction: str(self._settings[direction]) for direction in missing}

    def restart(self) -> None:
        """Replace the child. The new one first releases all that the old one left sounding.

        What was scheduled is lost (reported as FAILED where it had not reached the child) and may
        be scheduled anew. What the input had down comes in as released: nobody heard whether it
        was let go. A port that is missing is waited for, as it is while playing. Raises
        FirmwareError when the child cannot start; then call again later.
        """
        if not self._open:
            raise FirmwareError("the player is closed; make a new one")
        self._end_child()
        self._collect()
        self._forget_commands()
        self._let_hands_go()
        self._restarts += 1
        self._start(release=True)

    # Handing over

    def _is_crowded(self) -> bool:
        return bool(self._backlog) or self._commands.free <= _RESERVE

    def _refuse(self, seq: int, due: int) -> None:
        self._refused += 1
        self._keep_report(Report(seq, Outcome.FAILED, due, time.monotonic_ns()))

    def _command(self, record: Record) -> None:
        if not self._open:
            return
        self._flush()
        if not self._backlog and self._commands.free:
            self._commands.put(*record)
        elif len(self._backlog) < _MOST_BACKLOG:
            self._backlog.append(record)
        elif record[0] == Command.SCHEDULE:
            self._refuse(record[3], record[1])
        else:
            self._refused += 1

    def _flush(self) -> None:
        while self._backlog and self._commands.free:
            self._commands.put(*self._backlog.popleft())

    def _forget_commands(self) -> None:
        """With the child gone, its end of the command ring falls to us."""
        unheard = list(self._backlog)
        self._backlog.clear()
        while (record := self._commands.get()) is not None:
            unheard.append(record)
        for kind, due, _, seq, _ in unheard:
            if kind == Command.SCHEDULE:
                self._refuse(seq, due)

    def _let_hands_go(self) -> None:
        """With the child gone, nobody else will say that the hands let go of the input's keys."""
        self._partial = None
        now = time.monotonic_ns()
        for data in self._hands.releases():
            self._hear(now, data)
        for key in range(KEYS):
            self._board.marks[HELD_AT + key] = key in self._told_down

    # Taking back

    def _collect(self) -> None:
        if not self._open:
            return
        self._flush()
        self._silence_bell()
        while (record := self._reports.get()) is not None:
            outcome, due, at, seq, _ = record
            self._keep_report(Report(seq, Outcome(outcome), due, at))
        while (record := self._inputs.get()) is not None:
            self._keep_input(record)
        # A caller that takes only one of the two must still be woken for the other.
        if self._kept_reports or self._kept_input:
            os.eventfd_write(self._bell, 1)

    def _silence_bell(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it had not rung
            os.eventfd_read(self._bell)

    def _keep_report(self, report: Report) -> None:
        self._lost += len(self._kept_reports) == _MOST_KEPT
        self._kept_reports.append(report)

    def _keep_input(self, record: Record) -> None:
        flags, ns, _, _, data = record
        if flags & FIRST:
            self._partial = (ns, bytearray())
        if self._partial is None:
            return
        self._partial[1].extend(data)
        if flags & LAST:
            self._hear(self._partial[0], bytes(self._partial[1]))
            self._partial = None

    def _hear(self, ns: int, data: bytes) -> None:
        self._hands.heard(data)
        self._kept_input.append((ns, data))

    # The child

    def _start(self, *, release: bool) -> None:
        self._board.cells[Cell.HEARTBEAT] = time.monotonic_ns()
        for line in _LINES.values():
            self._board.cells[line + SIGHT] = 1
            self._board.cells[line + CONNECTED] = 0
        ready, ready_there = os.pipe()
        try:
            try:
                self._process = self._spawn(ready_there, release)
            finally:
                os.close(ready_there)
            answer = self._await_answer(ready)
        except BaseException:
            self._end_child()
            raise
        finally:
            os.close(ready)
        self.realtime = bool(answer["realtime"])
        self._watch_ports(answer["names"])

    def _spawn(self, ready: int, release: bool) -> subprocess.Popen[bytes]:
        descriptors = {
            "board": self._board.fd,
            "commands": self._commands.fd,
            "reports": self._reports.fd,
            "inputs": self._inputs.fd,
            "bell": self._bell,
            "ready": ready,
        }
        wait = release or self._settings["wait_for_ports"]
        own = {"parent": os.getpid(), "wait_for_ports": wait}
        settings = json.dumps(self._settings | descriptors | own)
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "firmware.player_main", settings],
                pass_fds=tuple(descriptors.values()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": _python_path()},
            )
        except OSError as error:
            raise FirmwareError(f"the player could not be started: {error}") from error

    def _await_answer(self, ready: int) -> dict[str, Any]:
        line = _read_line(ready, self._start_limit_s)
        if line is None:
            raise FirmwareError(f"the player did not start within {self._start_limit_s:g} seconds")
        if not line:
            raise FirmwareError("the player ended while it started; its own message is on stderr")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise _ERRORS.get(str(answer["error"]), FirmwareError)(answer["message"])
        return answer

    def _watch_ports(self, names: dict[str, str | None]) -> None:
        watched = {
            direction: Watched(self._settings[direction], names[direction])
            for direction in _LINES
            if is_watched(self._settings[direction])
        }
        if watched:
            self._watch = PortWatch(watched, self._sighted)

    def _sighted(self, direction: str, there: bool, ns: int) -> None:
        """A look at a port is done; on the thread of the watch, once that runs."""
        cells, line = self._board.cells, _LINES[direction]
        if there:
            cells[line + SIGHTED_AT] = ns
        if there != bool(cells[line + SIGHT] & 1):
            cells[line + SIGHT] += 1

    def _end_child(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        hangs = not self.alive
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGKILL if hangs else END)
        try:
            process.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _python_path() -> str:
    """Lets the child import this very package, from wherever it was imported here."""
    paths = [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")]
    return os.pathsep.join(filter(None, paths))


def _read_line(fd: int, limit_s: float) -> bytes | None:
    """A line from a pipe; empty when it ended before one came, None when time ran out."""
    deadline = time.monotonic() + limit_s
    line = b""
    while not line.endswith(b"\n"):
        if not select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return None
        chunk = os.read(fd, 4096)
        if not chunk:
            return b""
        line += chunk
    return line


assert DATA_SIZE >= 3, "a short MIDI message must fit one record"
