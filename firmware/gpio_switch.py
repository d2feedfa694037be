"""A switch between a pin of the Raspberry Pi and ground, through gpiozero and lgpio."""

import os
import tempfile
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from firmware.errors import FirmwareError
from firmware.switch import MOST_EDGES, Edge

PULLS = ("up", "down", "none")
LEVELS = ("low", "high")
_HIGHEST_PIN = 27  # of those on the header
_PULL_UP = {"up": True, "down": False, "none": None}
_OLDEST_NS = 1_000_000_000  # a time farther back than this is of another clock


@dataclass(frozen=True)
class GpioSettings:
    """Pin by its BCM number; the resistor inside the Pi; the level while the foot is down.

    The default is a switch to ground. One that opens when it is pressed is `active` "high" with
    `pull` "up".
    """

    pin: int = 17
    pull: str = "up"
    active: str = "low"

    def __post_init__(self) -> None:
        if not 0 <= self.pin <= _HIGHEST_PIN:
            raise FirmwareError(f"gpio_pin {self.pin}: 0 to {_HIGHEST_PIN} is wanted (BCM numbers)")
        if self.pull not in PULLS:
            raise FirmwareError(f"gpio_pull {self.pull!r}: one of {', '.join(PULLS)} is wanted")
        if self.active not in LEVELS:
            raise FirmwareError(f"gpio_active {self.active!r}: low or high is wanted")


class GpioSwitch:
    """Every edge of the contact, bounces too (see `Debounced`); FirmwareError if it cannot be had.

    gpiozero calls back on a thread of its own; one other thread may ask for edges.
    """

    fault = ""

    def __init__(self, settings: GpioSettings, factory: Any = None) -> None:
        """`factory` makes the pins: gpiozero's own for lgpio, unless a test brings another."""
        self._pressed_level = settings.active == "high"
        self._edges: deque[Edge] = deque(maxlen=MOST_EDGES)
        self._factory, self._button = _button(settings, factory)
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._open = True
        # In place of the button's own handler, because only the pin's is told when it happened.
        self._button.pin.when_changed = self._changed

    def edges(self) -> list[Edge]:
        with suppress(BlockingIOError, OSError):
            os.eventfd_read(self._bell)
        found: list[Edge] = []
        with suppress(IndexError):
            while True:
                found.append(self._edges.popleft())
        return found

    def fileno(self) -> int | None:
        return self._bell if self._open else None

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._button.pin.when_changed = None
        self._button.close()
        self._factory.close()
        os.close(self._bell)

    def _changed(self, ticks: float, level: int) -> None:
        self._edges.append(Edge(_monotonic(ticks), bool(level) == self._pressed_level))
        with suppress(OSError):
            os.eventfd_write(self._bell, 1)


def _button(settings: GpioSettings, factory: Any) -> tuple[Any, Any]:
    try:
        if factory is None:
            factory = _lgpio()
        from gpiozero import Button

        pull = _PULL_UP[settings.pull]
        active = None if pull is not None else settings.active == "high"
        return factory, Button(settings.pin, pull_up=pull, active_state=active, pin_factory=factory)
    except ImportError as error:
        raise FirmwareError(
            f"the footswitch on GPIO {settings.pin} needs {error.name or 'gpiozero'}, which is not "
            "installed; pip install 'smartlooper[pi]', or apt install python3-lgpio"
        ) from error
    except Exception as error:  # gpiozero's, lgpio's and the kernel's have nothing in common
        said = " ".join(str(error).split()) or type(error).__name__
        raise FirmwareError(
            f"the footswitch on GPIO {settings.pin} cannot be used: {said}; "
            "is this a Raspberry Pi, is the pin free, is the box's user in the group gpio?"
        ) from error


def _lgpio() -> Any:
    # lgpio makes a pipe in the working directory otherwise, which may be one that it cannot write.
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    here = os.open(".", os.O_PATH | os.O_CLOEXEC)
    try:
        from gpiozero.pins.lgpio import LGPIOFactory

        return LGPIOFactory()
    finally:
        os.fchdir(here)  # lgpio moves the whole process to LG_WD when it is imported
        os.close(here)


def _monotonic(ticks: float) -> int:
    """When it happened, by CLOCK_MONOTONIC. Kernels stamp edges with this clock or with that of the
    wall, as their age and lgpio's have it: whichever makes the edge a recent one."""
    ns = round(ticks * 1e9)
    for clock in (time.monotonic_ns, time.time_ns):
        age = clock() - ns
        if 0 <= age < _OLDEST_NS:
            return time.monotonic_ns() - age
    return time.monotonic_ns()
