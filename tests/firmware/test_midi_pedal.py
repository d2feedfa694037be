import select
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.jack import Hands

from firmware import found_input
from firmware.errors import FirmwareError, PortFailed
from firmware.midi_pedal import MidiPedal, PortPedal, Trigger
from firmware.switch import Edge


def play(pedal: MidiPedal, *messages: tuple[int, int, int]) -> list[bool]:
    return [pedal.heard(ns, bytes(data)) for ns, data in enumerate(messages)]


def test_the_left_pedal_of_the_piano_is_the_switch() -> None:
    pedal = MidiPedal()
    assert play(pedal, (0xB0, 67, 127), (0xB0, 64, 127), (0x90, 67, 99), (0xB5, 67, 0)) == [
        True,
        False,
        False,
        True,
    ]
    assert pedal.edges() == [(0, True), (3, False)]
    assert pedal.edges() == []


def test_a_pedal_that_tells_its_depth_does_not_chatter() -> None:
    pedal = MidiPedal()
    depths = [10, 50, 63, 64, 63, 64, 60, 50, 64, 48, 47, 48, 63, 20, 0]
    play(pedal, *((0xB0, 67, depth) for depth in depths))
    assert pedal.edges() == [(3, True), (10, False)]


@pytest.mark.parametrize(
    ("trigger", "down", "up"),
    [
        (Trigger.parse("cc67"), (0xB0, 67, 127), (0xB0, 67, 0)),
        (Trigger.parse("CC 80"), (0xB0, 80, 127), (0xBF, 80, 0)),
        (Trigger.parse("note36"), (0x90, 36, 1), (0x80, 36, 64)),
        (Trigger.parse("note36"), (0x95, 36, 1), (0x95, 36, 0)),
        (Trigger.parse("cc67", inverted=True), (0xB0, 67, 0), (0xB0, 67, 127)),
        (Trigger.parse("note36", inverted=True), (0x80, 36, 0), (0x90, 36, 9)),
        (Trigger.parse("cc4", channel=16), (0xBF, 4, 127), (0xBF, 4, 0)),
    ],
)
def test_triggers(trigger: Trigger, down: tuple[int, int, int], up: tuple[int, int, int]) -> None:
    pedal = MidiPedal(trigger)
    assert all(play(pedal, up, down, down, up, down))
    assert [edge.pressed for edge in pedal.edges()] == [True, False, True]


def test_another_channel_is_another_pedal() -> None:
    pedal = MidiPedal(Trigger.parse("cc4", channel=2))
    assert play(pedal, (0xB0, 4, 127), (0xB2, 4, 127), (0xB1, 4, 127)) == [False, False, True]


@pytest.mark.parametrize("text", ["", "67", "cc", "cc128", "cc-1", "pitch3", "note 999", "cc6 7"])
def test_a_bad_trigger_is_named(text: str) -> None:
    with pytest.raises(FirmwareError, match=r"cc0 to cc127, or note0 to note127"):
        Trigger.parse(text)


@pytest.mark.parametrize("channel", [-1, 17])
def test_a_bad_channel_is_named(channel: int) -> None:
    with pytest.raises(FirmwareError, match=f"channel {channel}: 1 to 16"):
        Trigger.parse("cc67", channel)


@given(st.lists(st.binary(max_size=4)), st.booleans())
def test_any_messages(messages: list[bytes], inverted: bool) -> None:
    pedal = MidiPedal(Trigger.parse("cc67", inverted=inverted))
    for ns, data in enumerate(messages):
        assert pedal.heard(ns, data) == (
            len(data) == 3 and data[0] & 0xF0 == 0xB0 and data[1] == 67
        )
    found = pedal.edges()
    assert [edge.pressed for edge in found] == [n % 2 == 0 for n in range(len(found))]


class Port:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Cable:
    """Ports that come and go by hand, in place of a driver."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ports: list[Port] = []
        self.taken = False
        monkeypatch.setattr(found_input, "PortWatch", self.watch)
        monkeypatch.setattr(found_input, "open_input", self.open)

    def watch(self, watched: dict[str, object], tell: Callable[[str, bool, int], None]) -> Port:
        self.tell = tell
        tell("input", False, 0)
        return Port()

    def open(self, pattern: str, callback: Callable[[int, bytes], None], own: bool) -> Port:
        if self.taken:
            raise PortFailed("taken")
        self.callback = callback
        self.ports.append(Port())
        return self.ports[-1]


def test_a_pedal_on_its_own_port_comes_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    cable = Cable(monkeypatch)
    pedal = PortPedal("FootPad", Trigger.parse("cc64"))
    assert "'FootPad'" in pedal.fault
    cable.taken = True
    cable.tell("input", True, 1)
    assert pedal.fault, "it is there, but another program has it"
    cable.taken = False
    cable.tell("input", True, 2)
    assert pedal.fault == ""
    cable.callback(10, bytes((0xB0, 64, 127)))
    cable.callback(11, bytes((0xB0, 65, 127)))
    assert select.select([pedal.fileno()], [], [], 10)[0]
    assert pedal.edges() == [(10, True)]
    assert select.select([pedal.fileno()], [], [], 0)[0] == []
    cable.tell("input", False, 20)
    assert pedal.fault
    assert cable.ports[0].closed
    assert select.select([pedal.fileno()], [], [], 10)[0]
    assert pedal.edges() == [(20, False)], "a pedal that is unplugged while it is down is let go"
    cable.tell("input", True, 30)
    assert len(cable.ports) == 2
    pedal.close()
    pedal.close()
    assert cable.ports[1].closed
    assert pedal.fileno() is None
    assert pedal.edges() == []


def test_a_pedal_on_a_real_port(jack, hands: Hands) -> None:
    def check() -> None:
        pedal = PortPedal(hands.name, Trigger.parse("cc64"))
        try:
            jack.wait(lambda: not pedal.fault, "the pedal to be found")
            before = time.monotonic_ns()
            hands.play(0xB0, 64, 127)
            hands.play(0xB0, 64, 0)
            found: list[Edge] = []
            jack.wait(lambda: found.extend(pedal.edges()) or len(found) == 2, "both edges")
            assert [edge.pressed for edge in found] == [True, False]
            assert before <= found[0].ns <= found[1].ns <= time.monotonic_ns()
        finally:
            pedal.close()

    jack.attempt(check)
