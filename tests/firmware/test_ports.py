"""Ports by name, on a real JACK server."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from firmware import ports
from firmware.errors import FirmwareError, PortFailed, PortNotFound

Unique = Callable[[str], str]


@pytest.fixture
def tidy() -> Iterator[list]:
    opened: list = []
    yield opened
    for port in opened:
        port.close()
        port.close()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("disk", 1),
        ("DISKLAVIER:", 1),
        ("*midi 2*", 2),
        ("Midi Through*", 0),
        ("", 0),
        ("organ", None),
        ("disk*9", None),
        ("smart", 3),
        ("out", 4),
    ],
)
def test_names_match_by_part_or_pattern(pattern: str, found: int | None) -> None:
    names = [
        "Midi Through:Port-0 14:0",
        "Disklavier:Disklavier MIDI 1 20:0",
        "Disklavier:Disklavier MIDI 2 20:1",
        "SmartLooper:out 128:0",
        "Synth:out",
    ]
    assert ports.find_port(pattern, names) == found


@pytest.mark.usefixtures("no_midi")
def test_without_a_driver_there_are_no_ports_and_no_noise(capfd) -> None:
    assert ports.list_ports() == {"inputs": [], "outputs": []}
    for opener in (ports.open_output, lambda name: ports.open_input(name, lambda *_: None)):
        for pattern in ("piano", "virtual:x"):
            with pytest.raises(PortNotFound, match="neither ALSA MIDI") as caught:
                opener(pattern)
            assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("no_midi")
def test_threads_that_look_for_a_driver_do_not_stop_each_other(capfd) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # let them cut in on each other wherever they can

    def look() -> None:
        for _ in range(5):
            ports.list_ports()

    threads = [threading.Thread(target=look, daemon=True) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
    finally:
        sys.setswitchinterval(before)
    assert capfd.readouterr() == ("", "")


def test_errors_are_of_one_family_and_the_builtin_one_would_guess() -> None:
    assert issubclass(PortNotFound, FirmwareError)
    assert issubclass(PortNotFound, LookupError)
    assert issubclass(PortFailed, FirmwareError)
    assert issubclass(PortFailed, OSError)


@pytest.mark.usefixtures("jack")
def test_a_missing_port_says_what_there_is(tidy: list, unique: Unique) -> None:
    name = unique("harp")
    tidy.append(ports.open_input(f"virtual:{name}", lambda *_: None))
    with pytest.raises(PortNotFound, match=f"{name}.*connect the instrument"):
        ports.open_output("bagpipe")


def test_what_is_sent_to_a_port_arrives_whole(jack, tidy: list, unique: Unique) -> None:
    name = unique("wire")
    heard: list[tuple[int, bytes]] = []
    tidy.append(ports.open_input(f"virtual:{name}", lambda ns, data: heard.append((ns, data))))
    tidy.append(ports.open_output(name.upper()))
    assert any(name in port for port in ports.list_ports()["outputs"])
    sysex = b"\xf0\x43" + bytes(range(100)) + b"\xf7"
    sent = [b"\x90\x3c\x40", b"\xfe", b"\xf8", b"\xb0\x40\x7f", sysex, b"\xc0\x01", b"\x80\x3c\x00"]

    def check() -> None:
        heard.clear()
        for data in sent:
            tidy[1].send(data)
        jack.wait(lambda: len(heard) >= len(sent), "everything")
        assert [data for _, data in heard] == sent
        assert [ns for ns, _ in heard] == sorted(ns for ns, _ in heard)

    jack.attempt(check)


@pytest.mark.usefixtures("jack")
def test_a_callback_that_raises_is_counted(tidy: list, unique: Unique, wait) -> None:
    name = unique("fault")

    def fail(ns: int, data: bytes) -> None:
        raise RuntimeError("no")

    tidy.append(ports.open_input(f"virtual:{name}", fail))
    tidy.append(ports.open_output(name))

    def failed() -> bool:
        tidy[1].send(b"\xfe")
        return tidy[0].failures > 0

    wait(failed, "a failure")


@pytest.mark.usefixtures("jack")
def test_a_port_of_our_own_can_be_left_out(tidy: list, unique: Unique) -> None:
    name = unique("self")
    tidy.append(ports.open_input(f"virtual:{name}", lambda *_: None))
    with pytest.raises(PortNotFound, match="no MIDI output matches"):
        ports.open_output(name, own=False)
    tidy.append(ports.open_output(name))


def test_a_queued_input_keeps_what_comes_in(jack, tidy: list, unique: Unique) -> None:
    name = unique("queue")
    tidy.append(ports.open_queued_input(f"virtual:{name}"))
    tidy.append(ports.open_output(name))
    sent = [bytes((0x90, key, 64)) for key in range(100)]

    def check() -> None:
        found = tidy[0].take()
        found.clear()
        for data in sent:
            tidy[1].send(data)
        jack.wait(lambda: found.extend(tidy[0].take()) or len(found) >= 100, "everything")
        assert found == sent

    jack.attempt(check)


HAMMER = """
import sys, time, rtmidi
midi = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="Hammer")
midi.open_virtual_port(sys.argv[1])
print("ready", flush=True)
while True:
    for _ in range(20):
        midi.send_message(b"\\xfe")
    time.sleep(0.0005)
"""


@pytest.mark.usefixtures("jack")
def test_an_input_closes_while_messages_pour_in(unique: Unique, wait) -> None:
    name = unique("hammer")
    command = [sys.executable, "-c", HAMMER, name]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as hammer:
        assert hammer.stdout is not None
        hammer.stdout.readline()
        try:
            for _ in range(5):
                heard: list[int] = []
                port = ports.open_input(name, lambda ns, _, to=heard: to.append(ns))
                wait(lambda heard=heard: len(heard) > 20, "the hammer")
                port.close()
                assert port.failures == 0
        finally:
            hammer.kill()


@pytest.mark.usefixtures("jack")
def test_ports_close_and_are_gone(unique: Unique) -> None:
    name = unique("gone")
    port = ports.open_output(f"virtual:{name}")
    assert any(name in found for found in ports.list_ports()["inputs"])
    port.close()
    port.close()
    assert not any(name in found for found in ports.list_ports()["inputs"])
    with pytest.raises(PortFailed, match="closed"):
        port.send(b"\xfe")
