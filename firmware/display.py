"""The small screen: it is handed finished pictures and nothing else."""

import os
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import luma.core.error
from luma.core.device import dummy
from PIL import Image

from firmware.errors import FirmwareError

WIDTH, HEIGHT = 128, 64

_GIF_SCALE = 3
_SHORTEST_MS, _LONGEST_MS = 20, 5000
_LAST_MS = 1000
_NS_PER_CS = 10_000_000


class Display(Protocol):
    """Shows pictures of 128 by 64 pixels."""

    @property
    def fault(self) -> str:
        """Why nothing can be seen, in one line, where `show` does not raise it; empty if all is
        well."""
        ...

    def show(self, image: Image.Image, now: int) -> None:
        """Show a picture at time `now` (nanoseconds). May block for a transfer; may raise
        FirmwareError, after which the next `show` is worth trying."""
        ...

    def close(self) -> None:
        """Finish; again does nothing."""
        ...


class NoDisplay:
    """A box without a screen."""

    fault = ""

    def show(self, image: Image.Image, now: int) -> None:
        pass

    def close(self) -> None:
        pass


class LumaDisplay:
    """Any device of luma.core: an SSD1306 on I2C, an emulator, a dummy."""

    fault = ""

    def __init__(self, device: Any) -> None:
        self._device: Any | None = device

    def show(self, image: Image.Image, now: int) -> None:
        if self._device is None:
            raise FirmwareError("the display is closed")
        if image.size != self._device.size:
            raise FirmwareError(f"picture of {image.size} on a display of {self._device.size}")
        try:
            self._device.display(image.convert(self._device.mode))
        except (luma.core.error.Error, OSError) as error:
            raise FirmwareError(f"the display does not answer: {error}") from error

    def close(self) -> None:
        device, self._device = self._device, None
        if device is None:
            return
        try:
            device.cleanup()
        except (luma.core.error.Error, OSError) as error:
            raise FirmwareError(f"the display could not be switched off: {error}") from error


class GifDisplay:
    """Draws on a dummy device and saves what was seen as an animated GIF on `close`.

    Memory is bounded: after `max_frames` different pictures it stops collecting. The same pictures
    at the same times make the same bytes.
    """

    fault = ""

    def __init__(self, path: str | os.PathLike[str], max_frames: int = 600) -> None:
        self._path = Path(path)
        self._max_frames = max_frames
        self._device = dummy(width=WIDTH, height=HEIGHT, mode="1")
        self._screen = LumaDisplay(self._device)
        self._frames: list[tuple[int, bytes]] = []  # (time in ns, 1024 bytes of pixels)
        self._end: int | None = None
        self._closed = False

    def show(self, image: Image.Image, now: int) -> None:
        self._screen.show(image, now)
        if self._end is not None:
            return
        pixels = self._device.image.convert("1").tobytes()
        if self._frames and self._frames[-1][1] == pixels:
            return
        if len(self._frames) >= self._max_frames:
            self._end = now
            return
        self._frames.append((now, pixels))

    def close(self) -> None:
        """Write the file, whole or not at all; no pictures, no file."""
        if self._closed:
            return
        self._closed = True
        if not self._frames:
            return
        try:
            self._save()
        except OSError as error:
            raise FirmwareError(f"{self._path}: cannot save the display: {error}") from error

    def _save(self) -> None:
        first, *others = (_enlarged(pixels) for _, pixels in self._frames)
        temporary = self._path.with_name(self._path.name + ".part")
        first.save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=others,
            duration=self._durations(),
            loop=0,
            optimize=False,
        )
        os.replace(temporary, self._path)

    def _durations(self) -> list[int]:
        """Milliseconds of each frame, in the hundredths of a second that the format knows.

        Times are rounded, not differences, so that a long film does not drift.
        """
        times = [now for now, _ in self._frames]
        times.append(times[-1] + _LAST_MS * 1_000_000 if self._end is None else self._end)
        marks = [round(now / _NS_PER_CS) * 10 for now in times]
        lengths = (later - sooner for sooner, later in pairwise(marks))
        return [min(max(length, _SHORTEST_MS), _LONGEST_MS) for length in lengths]


def _enlarged(pixels: bytes) -> Image.Image:
    small = Image.frombytes("1", (WIDTH, HEIGHT), pixels)
    return small.resize((WIDTH * _GIF_SCALE, HEIGHT * _GIF_SCALE), Image.Resampling.NEAREST)
