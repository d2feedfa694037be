"""The footswitch of the box, from its settings: several sources behind one protocol."""

import select
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from firmware.debounce import Debounced
from firmware.errors import FirmwareError
from firmware.evdev_switch import EvdevSwitch, KeySettings
from firmware.gpio_switch import GpioSettings, GpioSwitch
from firmware.midi_pedal import MidiPedal, PortPedal, Trigger
from firmware.switch import Edge, NoSwitch, Switch

GPIO, MIDI, USB = "gpio", "midi", "usb"
SOURCES = (GPIO, MIDI, USB)
_MS = 1_000_000
_LONGEST_DEBOUNCE_MS = 200.0


@dataclass(frozen=True)
class SwitchSettings:
    """Which of SOURCES are fitted, and how. `midi_port` is empty for a pedal of the piano."""

    sources: tuple[str, ...] = (MIDI,)
    gpio: GpioSettings = field(default_factory=GpioSettings)
    trigger: Trigger = field(default_factory=Trigger)
    midi_port: str = ""
    usb: KeySettings = field(default_factory=lambda: KeySettings("foot"))
    debounce_ms: float = 20.0

    def __post_init__(self) -> None:
        for source in self.sources:
            if source not in SOURCES:
                wanted = ", ".join(SOURCES)
                raise FirmwareError(f"footswitch source {source!r}: one of {wanted} is wanted")
        if not 0 <= self.debounce_ms <= _LONGEST_DEBOUNCE_MS:
            raise FirmwareError(
                f"debounce_ms {self.debounce_ms:g}: 0 to {_LONGEST_DEBOUNCE_MS:g} is wanted"
            )


class Switches:
    """Several switches as one, pressed while any of them is. One thread.

    `heard` must be shown everything that comes in from the piano: its pedal may be one of them.
    """

    def __init__(self, switches: Sequence[Switch], pedal: MidiPedal | None = None) -> None:
        self._switches = list(switches)
        self._pedal = pedal
        self._down = [False] * len(self._switches)
        self._poll: select.epoll | None = select.epoll()
        self._polled: list[int | None] = [None] * len(self._switches)
        self._watch_handles()

    @property
    def fault(self) -> str:
        """Empty as long as one of them can be pressed."""
        faults = [switch.fault for switch in self._switches]
        return "; ".join(faults) if all(faults) else ""

    @property
    def trigger(self) -> Trigger | None:
        """What the piano's pedal sends, if that is one of them: nobody else may move it."""
        return None if self._pedal is None else self._pedal.trigger

    def heard(self, ns: int, data: bytes) -> bool:
        """Whether a message of the piano was its footswitch, and so not music."""
        return self._pedal is not None and self._pedal.heard(ns, data)

    def edges(self) -> list[Edge]:
        found = [
            (edge.ns, number, edge.pressed)
            for number, switch in enumerate(self._switches)
            for edge in switch.edges()
        ]
        self._watch_handles()
        merged: list[Edge] = []
        for ns, number, pressed in sorted(found, key=lambda item: item[0]):
            before = any(self._down)
            self._down[number] = pressed
            # A keyboard's stroke is pressed and let go at the same time, and must not be lost.
            if any(self._down) != before:
                merged.append(Edge(ns, pressed))
        return merged

    def fileno(self) -> int | None:
        """Readable when one of them is."""
        return None if self._poll is None else self._poll.fileno()

    def close(self) -> None:
        if self._poll is None:
            return
        for switch in self._switches:
            switch.close()
        self._poll.close()
        self._poll = None

    def _watch_handles(self) -> None:
        """A switch that is unplugged and found again has another handle."""
        if self._poll is None:
            return
        for number, switch in enumerate(self._switches):
            handle, known = switch.fileno(), self._polled[number]
            if handle == known:
                continue
            if known is not None:
                with suppress(OSError):  # closed already, and so forgotten
                    self._poll.unregister(known)
            if handle is not None:
                self._poll.register(handle, select.EPOLLIN)
            self._polled[number] = handle


def open_switches(
    settings: SwitchSettings,
    extra: Sequence[Switch] = (),
    now: Callable[[], int] = time.monotonic_ns,
) -> Switches:
    """What can be had of the sources, and `extra` ones such as the space bar.

    A source that is missing says so in its `fault` and never raises: the box plays without it.
    """
    settle = round(settings.debounce_ms * _MS)
    pedal = MidiPedal(settings.trigger) if MIDI in settings.sources else None
    if settings.midi_port:
        pedal = None
    switches: list[Switch] = list(extra)
    for source in settings.sources:
        switch = _source(source, settings, pedal, now)
        switches.append(Debounced(switch, now, settle) if settle else switch)
    return Switches(switches, pedal)


def _source(
    source: str, settings: SwitchSettings, pedal: MidiPedal | None, now: Callable[[], int]
) -> Switch:
    try:
        if source == GPIO:
            return GpioSwitch(settings.gpio)
        if source == USB:
            return EvdevSwitch(settings.usb, now)
        return pedal or PortPedal(settings.midi_port, settings.trigger)
    except FirmwareError as error:
        return NoSwitch(str(error))
