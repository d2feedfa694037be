"""A real screen: SSD1306 or SH1106 of 128 by 64 pixels, on I2C or SPI, through luma.oled.

It never matters to the music. Whoever has a picture leaves it and goes on; a thread of low priority
carries the latest to the glass, and keeps trying while the screen is missing.
"""

import importlib
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic_ns
from typing import Any

import luma.core.error
from PIL import Image

from firmware.display import HEIGHT, WIDTH, Display, LumaDisplay
from firmware.errors import FirmwareError
from firmware.oled_settings import OledSettings as OledSettings

FRAME_NS = 100_000_000
RETRY_NS = 2_000_000_000
REFRESH_NS = 2_000_000_000
"""How often a picture is sent again that has not changed: a screen that was unplugged comes back
dark, and one that is gone can only be noticed by writing to it."""

_NICE = 10
_NOP = 0xE3  # of both drivers
_CLOSE_LIMIT_S = 2.0


def open_device(settings: OledSettings) -> LumaDisplay:
    """The screen itself, lit and empty; it keeps its last picture when it is closed.

    Blocks for as long as the bus takes. FirmwareError without a screen, or without what SPI needs.
    """
    try:
        serial = _interface(settings)
    except ImportError as error:
        raise FirmwareError(
            f"a screen on {settings.bus} needs {error.name}, which is not installed; "
            "apt install python3-spidev python3-rpi-lgpio, or use one on I2C"
        ) from error
    except (luma.core.error.Error, OSError, RuntimeError) as error:
        raise FirmwareError(f"no screen on {_place(settings)}: {error}") from error
    try:
        return LumaDisplay(_driver(serial, settings))
    except (luma.core.error.Error, OSError, RuntimeError) as error:
        with suppress(Exception):
            serial.cleanup()
        raise FirmwareError(f"no screen on {_place(settings)}: {error}") from error


class Painter:
    """Decides when which picture goes to a screen. No clock, no thread; `open_screen` may raise."""

    def __init__(self, open_screen: Callable[[], Display]) -> None:
        self._open_screen = open_screen
        self._screen: Display | None = None
        self._waiting: deque[Image.Image] = deque(maxlen=1)
        self._shown: Image.Image | None = None
        self._free_at = 0  # no picture before
        self._again_at: int | None = None  # the same picture once more
        self.fault = ""
        """Why nothing is seen, in one line; empty when all is well."""

    def offer(self, image: Image.Image) -> None:
        """Take the place of a picture that was not shown yet. Any thread."""
        self._waiting.append(image)

    def turn(self, now: int) -> int | None:
        """Do what is due, which may block; says when to turn again if nothing is offered (ns)."""
        due = self._free_at if self._waiting else self._again_at
        if due is None or now < due:
            return due
        self._show(now)
        return self._again_at

    def close(self) -> None:
        """Show what still waits, and give the screen back."""
        if self._waiting and not self.fault:
            self._show(self._free_at)
        self._leave()

    def _show(self, now: int) -> None:
        if self._waiting:
            self._shown = self._waiting.pop()
        assert self._shown is not None
        try:
            if self._screen is None:
                self._screen = self._open_screen()
            self._screen.show(self._shown, now)
        except Exception as error:  # a screen may fail in any way it likes
            self.fault = " ".join(str(error).split()) or type(error).__name__
            self._leave()
            self._free_at = self._again_at = now + RETRY_NS
        else:
            self.fault = ""
            self._free_at, self._again_at = now + FRAME_NS, now + REFRESH_NS

    def _leave(self) -> None:
        screen, self._screen = self._screen, None
        if screen is not None:
            with suppress(Exception):  # it is going anyway
                screen.close()


class Oled:
    """A Display that never blocks and never fails; `fault` says when nothing can be seen.

    Its last picture stays on the glass after `close`: show first what is true then.
    """

    def __init__(self, open_screen: Callable[[], Display]) -> None:
        self._painter = Painter(open_screen)
        self._wake = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, settings: OledSettings) -> "Oled":
        return cls(lambda: open_device(settings))

    @property
    def fault(self) -> str:
        return self._painter.fault

    def show(self, image: Image.Image, now: int) -> None:
        """Leave a picture; one that was left before and not shown yet is dropped."""
        if image.size != (WIDTH, HEIGHT):
            raise FirmwareError(f"picture of {image.size} on a screen of {(WIDTH, HEIGHT)}")
        self._painter.offer(image)
        self._wake.set()

    def close(self) -> None:
        """Waits for the last picture, two seconds at most."""
        self._stop = True
        self._wake.set()
        self._thread.join(_CLOSE_LIMIT_S)
        if self._thread.is_alive():
            raise FirmwareError("the screen's bus hangs; check its wires")

    def _run(self) -> None:
        with suppress(OSError):
            here = threading.get_native_id()
            niceness = max(_NICE, os.getpriority(os.PRIO_PROCESS, here))
            os.setpriority(os.PRIO_PROCESS, here, niceness)
        while True:
            # Cleared first: what is told during the turn rings again.
            self._wake.clear()
            if self._stop:
                break
            again = self._painter.turn(monotonic_ns())
            self._wake.wait(None if again is None else max(0, again - monotonic_ns()) / 1e9)
        self._painter.close()


def _interface(settings: OledSettings) -> Any:
    # Imported only here: it is of no use to a box without a screen.
    serial = importlib.import_module("luma.core.interface.serial")
    if settings.bus == "i2c":
        return serial.i2c(port=settings.port, address=settings.address)
    return serial.spi(
        port=settings.port,
        device=settings.spi_device,
        gpio_DC=settings.spi_dc,
        gpio_RST=settings.spi_reset,
    )


def _driver(serial: Any, settings: OledSettings) -> Any:
    # luma keeps every device that was ever made until the process ends, so make none for a screen
    # that does not answer: it would be tried, and kept, thousands of times a day.
    serial.command(_NOP)
    driver = getattr(importlib.import_module("luma.oled.device"), settings.driver)
    device = driver(serial, rotate=settings.rotate)
    device.persist = True
    device.contrast(settings.contrast)
    return device


def _place(settings: OledSettings) -> str:
    if settings.bus == "spi":
        return f"SPI {settings.port}.{settings.spi_device}"
    return f"I2C {settings.port} at {settings.address:#04x}"
