"""MIDI ports, by name, through ALSA or JACK.

A port is asked for by a part of its name ("disklavier") or a pattern ("*MIDI 1*"), in any case of
letters. "virtual:NAME" makes a port of that name, for others to connect to.
"""

import ctypes
import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

import rtmidi

from firmware.errors import FirmwareError, PortFailed, PortNotFound

CLIENT_NAME = "SmartLooper"
VIRTUAL = "virtual:"

# JACK passes nothing over a new connection until it has put its clients in their new order, which
# takes it some periods. ALSA connects at once.
_JACK_SETTLES_S = 0.1

# While one JACK server comes or goes, the library may miss another that is there.
_JACK_TRIES = 3
_JACK_TRY_AGAIN_S = 0.05

_LAST_CALL_S = 0.03

_QUEUE_SIZE = 65536

# How long to believe a driver that says that there are no ports at all.
_RENEW_S = 2.0

# Where the library's messages go is settled for the whole process: one thread at a time.
_JACK_MESSAGES = Lock()

Received = Callable[[int, bytes], None]
"""Called with the nanoseconds (CLOCK_MONOTONIC) and the bytes of a message that came in."""


class OutputPort:
    """An open MIDI output. One thread at a time may use it."""

    def __init__(self, midi: Any, name: str) -> None:
        self._midi = midi
        self.name = name

    def send(self, data: bytes) -> None:
        """Send one message; raise PortFailed when the driver refuses it, or the port is closed."""
        if self._midi.is_deleted:  # the driver itself would crash the process
            raise PortFailed(f"MIDI output {self.name!r} is closed; open it again")
        try:
            self._midi.send_message(data)
        except Exception as error:
            raise PortFailed(f"MIDI output {self.name!r} refused a message: {error}") from error

    def close(self) -> None:
        """Close it; again does nothing."""
        _close(self._midi)


class InputPort:
    """An open MIDI input that calls back from the driver's own thread.

    Everything is passed on, also clock, active sensing and system exclusive. `failures` counts
    what the callback raised: there is no one else to tell on that thread.
    """

    def __init__(self, midi: Any, name: str, callback: Received) -> None:
        self._midi = midi
        self._callback = callback
        self.name = name
        self.failures = 0
        self._closing = False
        midi.ignore_types(sysex=False, timing=False, active_sense=False)

    def listen(self) -> None:
        """Begin to call back. What came in before is dropped."""
        while self._midi.get_message():
            pass
        receive = self._receive
        self._midi.set_callback(receive)
        # The driver drops its only reference to this pair while a call that uses it may be under
        # way, so hold another.
        self._in_use = [held for held in gc.get_referrers(receive) if type(held) is tuple]

    def close(self) -> None:
        """Stop calling back and close it; again does nothing. Takes some hundredths of a second."""
        if self._midi.is_deleted:
            return
        self.leave()
        _close(self._midi)

    def leave(self) -> None:
        """As `close`, but the client of the driver stays."""
        if self._closing:
            return
        self._closing = True
        self._midi.cancel_callback()
        # A call that had begun on the driver's thread waits for the interpreter, which closing
        # holds on to while it waits for that thread: let it finish first, or both wait for ever.
        time.sleep(_LAST_CALL_S)
        self._midi.close_port()

    def _receive(self, event: tuple[list[int], float], _data: object = None) -> None:
        now = time.monotonic_ns()
        if self._closing:
            return
        try:
            self._callback(now, bytes(event[0]))
        except Exception:
            self.failures += 1


class InputLine:
    """An input that goes and comes back: one client of the driver, and a port of it while there.

    The driver's calls hold the interpreter, and with it whoever sends. To open or close a port
    takes a few periods of JACK, to make or delete a client several times that: so the client is
    kept. One thread at a time may use it; `callback` is as for `open_input`.
    """

    def __init__(self, callback: Received) -> None:
        self._callback = callback
        self._midi: Any = None
        self._port: InputPort | None = None

    @property
    def is_open(self) -> bool:
        return self._port is not None

    def open(self, pattern: str, *, own: bool = True) -> str:
        """Open the port that answers to `pattern`; its name, or PortNotFound or PortFailed."""
        if self._midi is None:
            self._midi = _join(rtmidi.MidiIn, pattern, "input")
        try:
            name = _open_on(self._midi, pattern, "input", own)
        except FirmwareError as error:
            if isinstance(error, PortFailed) or not self._midi.get_ports():
                self.close()  # the server may have gone, which the client would not tell
            raise
        self._port = InputPort(self._midi, name, self._callback)
        self._port.listen()
        _settle(self._midi)
        return name

    def close_port(self) -> None:
        """Hear no more, until it is opened again."""
        port, self._port = self._port, None
        if port is not None:
            port.leave()

    def close(self) -> None:
        """Leave the driver; again does nothing."""
        self.close_port()
        midi, self._midi = self._midi, None
        if midi is not None:
            _close(midi)


def list_ports() -> dict[str, list[str]]:
    """Names of the ports there are now, under "inputs" and "outputs"; empty without a driver."""
    return {"inputs": _names(rtmidi.MidiIn), "outputs": _names(rtmidi.MidiOut)}


class QueuedInput:
    """An open MIDI input that keeps what comes in, without Python, until it is taken.

    It keeps up with anything, but says nothing of when. One thread at a time may use it.
    """

    def __init__(self, midi: Any, name: str) -> None:
        self._midi = midi
        self.name = name
        midi.ignore_types(sysex=False, timing=False, active_sense=False)

    def take(self) -> list[bytes]:
        """Everything that came in since the last call; at most 65536 messages are kept."""
        found = []
        while event := self._midi.get_message():
            found.append(bytes(event[0]))
        return found

    def close(self) -> None:
        """Close it; again does nothing."""
        _close(self._midi)


class PortLister:
    """Says again and again which inputs, or which outputs, there are.

    It keeps one client of the driver for that, so that asking costs well under a millisecond and
    disturbs no one. One thread at a time.
    """

    def __init__(self, direction: str) -> None:
        """`direction` is "input" or "output"."""
        self._kind = {"input": rtmidi.MidiIn, "output": rtmidi.MidiOut}[direction]
        self._midi: Any = None
        self._renew_at = 0.0

    def names(self) -> list[str]:
        """The names now; empty without a driver."""
        now = time.monotonic()
        if self._midi is None and now >= self._renew_at:
            self._midi = _client(self._kind)
            self._renew_at = now + _RENEW_S
        if self._midi is None:
            return []
        names = [str(name) for name in self._midi.get_ports()]
        if names:
            self._renew_at = now + _RENEW_S
        elif now >= self._renew_at:
            # There may be none; or the server has gone, which the client would not tell.
            self.close()
        return names

    def close(self) -> None:
        """Leave the driver; the next question joins it again."""
        midi, self._midi = self._midi, None
        if midi is not None:
            _close(midi)


def open_output(pattern: str, *, own: bool = True) -> OutputPort:
    """Open the first output that answers to `pattern`, or raise PortNotFound or PortFailed.

    Where no other answers, a port of our own will do, unless `own` is False.
    """
    midi, name = _open(rtmidi.MidiOut, pattern, "output", own)
    return OutputPort(midi, name)


def open_input(pattern: str, callback: Received, *, own: bool = True) -> InputPort:
    """Open the first input that answers to `pattern` and call back for everything it receives."""
    midi, name = _open(rtmidi.MidiIn, pattern, "input", own)
    port = InputPort(midi, name, callback)
    port.listen()
    return port


def open_queued_input(pattern: str) -> QueuedInput:
    """Open the first input that answers to `pattern` and keep what it receives."""

    def roomy(api: int, name: str) -> Any:
        return rtmidi.MidiIn(api, name=name, queue_size_limit=_QUEUE_SIZE)

    midi, name = _open(roomy, pattern, "input", own=True)
    return QueuedInput(midi, name)


def is_own(name: str) -> bool:
    """Whether a port belongs to a program of ours, if not to this one."""
    return name.startswith(CLIENT_NAME)


def find_port(pattern: str, names: list[str], *, own: bool = True) -> int | None:
    """Index of the first name that answers to `pattern`; a port of our own only if no other."""
    wanted = pattern.casefold()
    if not any(sign in wanted for sign in "*?["):
        wanted = f"*{wanted}*"
    found = [index for index, name in enumerate(names) if fnmatchcase(name.casefold(), wanted)]
    foreign = [index for index in found if not is_own(names[index])]
    return next(iter(foreign or (found if own else [])), None)


def _open(kind: Any, pattern: str, direction: str, own: bool) -> tuple[Any, str]:
    midi = _join(kind, pattern, direction)
    try:
        name = _open_on(midi, pattern, direction, own)
    except BaseException:
        _close(midi)
        raise
    _settle(midi)
    return midi, name


def _join(kind: Any, pattern: str, direction: str) -> Any:
    midi = _client(kind)
    if midi is None:
        raise PortNotFound(
            f"no MIDI {direction} {pattern!r}: this machine offers neither ALSA MIDI "
            "(/dev/snd/seq) nor a running JACK server; connect a MIDI device or start one of them"
        )
    return midi


def _settle(midi: Any) -> None:
    if midi.get_current_api() == rtmidi.API_UNIX_JACK:
        time.sleep(_JACK_SETTLES_S)


def _open_on(midi: Any, pattern: str, direction: str, own: bool) -> str:
    try:
        if pattern.startswith(VIRTUAL):
            name = pattern.removeprefix(VIRTUAL)
            midi.open_virtual_port(name)
            return name
        names = midi.get_ports()
        index = find_port(pattern, names, own=own)
        if index is None:
            raise PortNotFound(_not_found(pattern, names, direction))
        midi.open_port(index, direction)
        return str(names[index])
    except (rtmidi.RtMidiError, OSError, ValueError) as error:
        raise PortFailed(
            f"MIDI {direction} {pattern!r} could not be opened: {error}; "
            "check that no other program holds it"
        ) from error


def _not_found(pattern: str, names: list[str], direction: str) -> str:
    there = ", ".join(map(repr, names)) or "none"
    return (
        f"no MIDI {direction} matches {pattern!r}; there are: {there}; "
        "connect the instrument or ask for a part of one of these names"
    )


def _names(kind: Any) -> list[str]:
    midi = _client(kind)
    if midi is None:
        return []
    try:
        return [str(name) for name in midi.get_ports()]
    finally:
        _close(midi)


def _client(kind: Any) -> Any | None:
    """A client of ALSA or else of JACK; None where there is neither. Never the dummy driver."""
    if os.path.exists("/dev/snd/seq"):
        return _try_client(kind, rtmidi.API_LINUX_ALSA)
    with _quiet_jack():
        for _ in range(_JACK_TRIES - 1):
            midi = _try_client(kind, rtmidi.API_UNIX_JACK)
            if midi is not None:
                return midi
            time.sleep(_JACK_TRY_AGAIN_S)
        return _try_client(kind, rtmidi.API_UNIX_JACK)


def _try_client(kind: Any, api: int) -> Any | None:
    if api not in rtmidi.get_compiled_api():
        return None
    try:
        return kind(api, name=CLIENT_NAME)
    except rtmidi.RtMidiError:
        return None


def _close(midi: Any) -> None:
    if not midi.is_deleted:
        midi.close_port()
        midi.delete()


@contextmanager
def _quiet_jack() -> Iterator[None]:
    """Keep the JACK library from writing to stderr that no server runs; that is not an error."""
    library = _jack_library()
    if library is None:
        yield
        return
    # A function of C, which takes a text and does nothing: one of Python could give the interpreter
    # to another thread while this one has a lock of the library, and both would wait for ever.
    ignore = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
    with _JACK_MESSAGES:
        library.jack_set_error_function(ignore)
        library.jack_set_info_function(ignore)
        try:
            yield
        finally:
            library.jack_set_error_function(None)
            library.jack_set_info_function(None)


def _jack_library() -> ctypes.CDLL | None:
    """The JACK library that rtmidi has loaded, which may be one that it brought along."""
    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "libjack" in line}
    return ctypes.CDLL(paths.pop()) if paths else None
