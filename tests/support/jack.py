"""Waiting on real processes, and a JACK server of our own."""

import ctypes
import faulthandler
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import rtmidi

PATIENCE_S = 30.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Poll until it holds; how soon that is decides nothing."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"gave up waiting: {what}"
        time.sleep(0.002)


@pytest.fixture(scope="session")
def wait() -> Callable[[Callable[[], object], str], None]:
    return wait_until


@pytest.fixture
def no_midi(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a MIDI driver."""
    if os.path.exists("/dev/snd/seq"):
        pytest.skip("this machine has ALSA MIDI")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", f"absent-{os.getpid()}")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")


class Jack:
    """A JACK server that belongs to this test session."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self._log = log
        self._before = 0

    def lost_cycles(self) -> int:
        """How often the server skipped a client, and with it whatever MIDI was on its way.

        That is what JACK does when a client is not scheduled within a period, as happens on a
        machine that is busy with something else. It says nothing about the sender.
        """
        text = self._log.read_text(errors="replace")
        return text.count("XRun: client") + text.count("Process error")

    def attempt(self, check: Callable[[], None]) -> None:
        """Run a check; again if it failed while the server itself lost messages."""
        for _ in range(8):
            self._before = self.lost_cycles()
            try:
                return check()
            except AssertionError:
                if self.lost_cycles() == self._before:
                    raise
        return pytest.skip("the machine is too busy for JACK: it kept losing cycles")

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Like `wait_until`; soon gives up waiting for what the server may have lost."""
        began = time.monotonic()

        def settled() -> object:
            late = time.monotonic() > began + 3
            assert not (late and self.lost_cycles() > self._before), f"JACK lost it: {what}"
            return condition()

        wait_until(settled, what)


@pytest.fixture(scope="session")
def jack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jack]:
    if shutil.which("jackd") is None:
        pytest.skip("jackd is not installed (Debian: apt install jackd2)")
    if os.path.exists("/dev/snd/seq"):
        pytest.skip("this machine has ALSA MIDI, which is used in place of JACK")
    name = f"smartlooper-{os.getpid()}"
    log = tmp_path_factory.mktemp("jack") / "jackd.log"
    # Without realtime priority the server loses cycles, and MIDI with them, on a busy machine.
    server = _start(name, log, "-R", "-P", "70") or _start(name, log, "-r")
    if server is None:
        pytest.skip(f"jackd does not start here: {log.read_text(errors='replace')[-300:]}")
    try:
        yield Jack(name, log)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            server.kill()


def _start(name: str, log: Path, *options: str) -> subprocess.Popen[bytes] | None:
    """A server that is up, or None where it does not start with these options."""
    command = ["jackd", *options, "-n", name, "-d", "dummy", "-r", "48000", "-p", "256"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, preexec_fn=_die_with_parent
        )
    wait_until(lambda: _is_up(name) or server.poll() is not None, "jackd")
    return server if server.poll() is None else None


def _die_with_parent() -> None:
    """Leave no server behind should the test run be killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _is_up(name: str) -> bool:
    """Asked by another process, since a client that finds no server leaves things behind."""
    command = [sys.executable, "-c", "import rtmidi; rtmidi.MidiIn(rtmidi.API_UNIX_JACK)"]
    environment = os.environ | {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}
    return subprocess.run(command, env=environment, capture_output=True).returncode == 0


@pytest.fixture
def jack(jack_server: Jack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jack]:
    """The server, made the default of this process and its children.

    Should the server stop, the driver may wait for it for ever in its own code; then the run ends
    with a trace of where.
    """
    monkeypatch.setenv("JACK_DEFAULT_SERVER", jack_server.name)
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    faulthandler.dump_traceback_later(300, exit=True)
    yield jack_server
    faulthandler.cancel_dump_traceback_later()


_names = itertools.count()


@pytest.fixture(scope="session")
def unique() -> Callable[[str], str]:
    """A port name that no other test uses."""
    return lambda stem: f"{stem}{next(_names)}x"


class Ear:
    """Another program's MIDI input. It hears without Python, so it keeps up with anything."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._midi = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="Ear", queue_size_limit=65536)
        self._midi.ignore_types(sysex=False, timing=False, active_sense=False)
        self._midi.open_virtual_port(name)
        self.heard: list[bytes] = []

    def listen(self) -> list[bytes]:
        """Everything heard so far."""
        while event := self._midi.get_message():
            self.heard.append(bytes(event[0]))
        return self.heard

    def sounding(self) -> set[int]:
        """The keys that sound, going by what was heard."""
        keys: set[int] = set()
        for data in self.listen():
            if data[0] == 0x90:
                keys.add(data[1])
            elif data[0] == 0x80:
                keys.discard(data[1])
        return keys

    def forget(self) -> None:
        """Begin afresh."""
        self.listen()
        self.heard.clear()

    def close(self) -> None:
        self._midi.close_port()
        self._midi.delete()


class Hands:
    """Another program's MIDI output: a piano that is played."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._midi = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="Hands")
        self._midi.open_virtual_port(name)

    def play(self, *data: int) -> None:
        self._midi.send_message(data)

    def close(self) -> None:
        self._midi.close_port()
        self._midi.delete()


@pytest.fixture
def ear(jack: Jack, unique: Callable[[str], str]) -> Iterator[Ear]:
    made = Ear(unique("ear"))
    yield made
    made.close()


@pytest.fixture
def hands(jack: Jack, unique: Callable[[str], str]) -> Iterator[Hands]:
    made = Hands(unique("hands"))
    yield made
    made.close()
