import os
import select
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import switches
from firmware.errors import FirmwareError
from firmware.evdev_switch import KeySettings
from firmware.midi_pedal import MidiPedal, Trigger
from firmware.switch import Edge, KeyboardSwitch, NoSwitch, ScriptedSwitch
from firmware.switches import Switches, SwitchSettings, open_switches

MS = 1_000_000
LEFT_PEDAL = Trigger()


def test_several_switches_are_one() -> None:
    one, other = ScriptedSwitch(), ScriptedSwitch()
    both = Switches([one, other])
    one.push(10, True)
    other.push(20, True)
    one.push(30, False)
    other.push(40, False)
    assert both.edges() == [(10, True), (40, False)]
    assert both.edges() == []


def test_edges_come_in_the_order_of_their_times() -> None:
    one, other = ScriptedSwitch(), ScriptedSwitch()
    both = Switches([one, other])
    one.push(30, True)
    one.push(40, False)
    other.push(10, True)
    other.push(20, False)
    assert both.edges() == [(10, True), (20, False), (30, True), (40, False)]


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=40))
def test_it_is_pressed_while_any_is(pushes: list[tuple[int, bool]]) -> None:
    parts = [ScriptedSwitch() for _ in range(3)]
    together = Switches(parts)
    level, down = False, [False] * 3
    for ns, (part, pressed) in enumerate(pushes):
        parts[part].push(ns, pressed)
        down[part] = pressed
        changed = any(down) != level
        level = any(down)
        assert together.edges() == ([(ns, level)] if changed else [])
    together.close()


def test_it_rings_when_one_of_them_does() -> None:
    reading, writing = os.pipe()
    with open(reading) as stream:
        keyboard = KeyboardSwitch(stream, now=lambda: 7)
        both = Switches([ScriptedSwitch(), keyboard])
        assert select.select([both.fileno()], [], [], 0)[0] == []
        os.write(writing, b" ")
        assert select.select([both.fileno()], [], [], 10)[0]
        assert both.edges() == [(7, True), (7, False)]
        os.close(writing)
        assert both.edges() == []
        assert select.select([both.fileno()], [], [], 0)[0] == [], "an ended one rings no more"
        both.close()
        both.close()
        assert both.fileno() is None


def test_it_is_missing_only_when_all_are() -> None:
    assert Switches([]).fault == ""
    assert Switches([NoSwitch("no pin"), ScriptedSwitch()]).fault == ""
    assert Switches([NoSwitch("no pin"), NoSwitch("no pedal")]).fault == "no pin; no pedal"


def test_the_pedal_of_the_piano_is_heard() -> None:
    together = open_switches(SwitchSettings(), now=lambda: 1000 * MS)
    assert together.heard(5, bytes((0xB0, 67, 127)))
    assert not together.heard(6, bytes((0x90, 60, 100)))
    assert together.edges() == [(5, True)]


def test_without_a_pedal_nothing_of_the_piano_is_the_switch() -> None:
    together = open_switches(SwitchSettings(sources=()))
    assert not together.heard(5, bytes((0xB0, 67, 127)))
    assert together.fault == ""


def test_a_pedal_bounces_no_more_than_a_switch() -> None:
    now = [0]
    together = open_switches(SwitchSettings(trigger=Trigger.parse("note36")), now=lambda: now[0])
    for ms, data in ((0, (0x90, 36, 9)), (3, (0x80, 36, 0)), (6, (0x90, 36, 9))):
        together.heard(ms * MS, bytes(data))
    now[0] = 500 * MS
    assert together.edges() == [(0, True)]


def test_debouncing_can_be_left_to_the_switch() -> None:
    together = open_switches(SwitchSettings(debounce_ms=0), now=lambda: 0)
    for ns, depth in enumerate((127, 0, 127)):
        together.heard(ns, bytes((0xB0, 67, depth)))
    assert [edge.pressed for edge in together.edges()] == [True, False, True]


def test_what_is_missing_is_told_and_played_without(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, *_: object) -> None:
            raise FirmwareError("no such pin; use another")

    monkeypatch.setattr(switches, "GpioSwitch", Broken)
    space = ScriptedSwitch()
    together = open_switches(SwitchSettings(sources=("gpio",)))
    assert together.fault == "no such pin; use another"
    assert together.edges() == []
    together = open_switches(SwitchSettings(sources=("gpio",)), [space])
    assert together.fault == ""
    space.push(3, True)
    assert together.edges() == [Edge(3, True)]


def test_a_usb_pedal_is_looked_for_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    together = open_switches(SwitchSettings(sources=("usb",), usb=KeySettings("PCsensor")))
    assert "'PCsensor'" in together.fault


def test_a_pedal_with_a_port_of_its_own_is_none_of_the_pianos(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, Trigger]] = []

    def port_pedal(pattern: str, trigger: Trigger) -> MidiPedal:
        asked.append((pattern, trigger))
        return MidiPedal(trigger)

    monkeypatch.setattr(switches, "PortPedal", port_pedal)
    together = open_switches(SwitchSettings(midi_port="FootPad"))
    assert asked == [("FootPad", LEFT_PEDAL)]
    assert not together.heard(0, bytes((0xB0, 67, 127)))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sources": ("gipo",)}, "source 'gipo': one of gpio, midi, usb"),
        ({"debounce_ms": -1.0}, "debounce_ms -1: 0 to 200"),
        ({"debounce_ms": 1000.0}, "debounce_ms 1000: 0 to 200"),
    ],
)
def test_bad_settings_are_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(FirmwareError, match=words):
        SwitchSettings(**values)  # type: ignore[arg-type]
