"""A simulated pianist's keys: those of a simulated piano, or of nothing but a wire."""

from appliance.box.hardware import Hardware
from appliance.events import Event, MidiIn
from firmware.simulated import SimulatedPlayer

NOTE_ON, NOTE_OFF = 0x90, 0x80


def play_hands(hardware: Hardware, now: int) -> list[Event]:
    """What is played until `now` goes to the piano, where there is one, or comes back as events."""
    if hardware.keyboard is None:
        return []
    events: list[Event] = []
    for at, data in hardware.keyboard.incoming(now):
        if not _strike(hardware, at, data):
            events.append(MidiIn(at, data))
    _hear_piano(hardware, now)
    return events


def _strike(hardware: Hardware, at: int, data: bytes) -> bool:
    """Move a key; whether that is all, since the piano itself tells what it sends."""
    if data[0] & 0xF0 not in (NOTE_ON, NOTE_OFF):
        return False
    strikes = data[0] & 0xF0 == NOTE_ON and data[2] > 0
    if hardware.piano is None:
        hardware.player.hold(data[1], strikes)
        return False
    if strikes:
        hardware.piano.press(at, data[1], data[2])
    else:
        hardware.piano.lift(at, data[1])
    return True


def _hear_piano(hardware: Hardware, now: int) -> None:
    if hardware.piano is not None and isinstance(hardware.engine, SimulatedPlayer):
        hardware.piano.advance(now)
        for at, data in hardware.piano.outgoing():
            hardware.engine.push(at, data)
