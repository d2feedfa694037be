import os
import threading
from typing import Any

import luma.core.error
import pytest
from luma.core.interface import serial
from PIL import Image

from firmware import oled
from firmware.errors import FirmwareError
from firmware.oled import FRAME_NS, REFRESH_NS, RETRY_NS, Oled, OledSettings, Painter, open_device

MS = 1_000_000


def picture(lit: int) -> Image.Image:
    """The first `lit` pixels of the top row lit."""
    image = Image.new("1", (128, 64))
    for x in range(lit):
        image.putpixel((x, 0), 1)
    return image


def lit(image: Image.Image) -> int:
    return sum(image.getpixel((x, 0)) > 0 for x in range(128))


class Glass:
    """A screen that remembers what it showed, and fails when it is told to."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, int]] = []  # (milliseconds, lit pixels)
        self.opened = self.closed = 0
        self.gone = False
        self.seen = threading.Event()

    def open(self) -> "Glass":
        if self.gone:
            raise FirmwareError("no screen on I2C 1 at 0x3c")
        self.opened += 1
        return self

    def show(self, image: Image.Image, now: int) -> None:
        if self.gone:
            raise FirmwareError("the display does not answer")
        self.shown.append((now // MS, lit(image)))
        self.seen.set()

    def close(self) -> None:
        self.closed += 1
        if self.gone:
            raise FirmwareError("the display could not be switched off")


def run(painter: Painter, since: int, until: int) -> None:
    """Turn it whenever it asks for it, in milliseconds."""
    now: int | None = since * MS
    while now is not None and now <= until * MS:
        now = painter.turn(now)


# -- when which picture is shown ----------------------------------------------------------------


def test_nothing_is_opened_for_nothing() -> None:
    glass = Glass()
    painter = Painter(glass.open)
    assert painter.turn(0) is None
    painter.close()
    assert (glass.opened, glass.closed) == (0, 0)


def test_ten_frames_a_second_at_most_and_the_latest_of_them() -> None:
    glass = Glass()
    painter = Painter(glass.open)
    for ms in range(0, 1000, 10):
        painter.offer(picture(ms // 10))
        painter.turn(ms * MS)
    assert glass.shown == [(ms, ms // 10) for ms in range(0, 1000, FRAME_NS // MS)]
    run(painter, 1000, 1000)
    assert glass.shown[-1] == (1000, 99), "the last is never dropped"
    assert glass.opened == 1


def test_it_says_when_a_picture_that_waits_is_due() -> None:
    painter = Painter(Glass().open)
    painter.offer(picture(1))
    assert painter.turn(0) == REFRESH_NS
    painter.offer(picture(2))
    assert painter.turn(5 * MS) == FRAME_NS
    assert painter.turn(FRAME_NS) == FRAME_NS + REFRESH_NS


def test_a_picture_that_stands_is_sent_again() -> None:
    glass = Glass()
    painter = Painter(glass.open)
    painter.offer(picture(7))
    run(painter, 0, 5000)
    assert glass.shown == [(0, 7), (2000, 7), (4000, 7)]


def test_a_screen_that_is_unplugged_comes_back_with_the_latest_picture() -> None:
    glass = Glass()
    painter = Painter(glass.open)
    painter.offer(picture(1))
    run(painter, 0, 100)
    glass.gone = True
    run(painter, 2000, 2000)
    assert "does not answer" in painter.fault
    assert glass.closed == 1
    for number, ms in enumerate(range(2100, 4000, 100)):
        painter.offer(picture(number))
        assert painter.turn(ms * MS) == 2000 * MS + RETRY_NS, "it is left alone for a while"
    run(painter, 4000, 9000)
    assert "no screen on I2C 1" in painter.fault
    glass.gone = False
    run(painter, 10_000, 10_000)
    assert glass.shown == [(0, 1), (10_000, 18)]
    assert painter.fault == ""
    assert glass.opened == 2


@pytest.mark.parametrize("error", [OSError(121, "Remote I/O"), ValueError("x\ny"), MemoryError()])
def test_a_screen_may_fail_in_any_way(error: Exception) -> None:
    def broken() -> Any:
        raise error

    painter = Painter(broken)
    painter.offer(picture(1))
    assert painter.turn(0) == RETRY_NS
    assert painter.fault
    assert "\n" not in painter.fault
    painter.close()


def test_the_last_picture_is_shown_before_it_is_closed() -> None:
    glass = Glass()
    painter = Painter(glass.open)
    painter.offer(picture(1))
    painter.turn(0)
    painter.offer(picture(2))
    painter.close()
    assert [pixels for _, pixels in glass.shown] == [1, 2]
    assert glass.closed == 1


# -- its thread -----------------------------------------------------------------------------------


def test_a_picture_reaches_the_glass_by_itself() -> None:
    glass = Glass()
    display = Oled(glass.open)
    display.show(picture(3), 0)
    assert glass.seen.wait(30)
    display.show(picture(4), 0)
    display.close()
    display.close()
    assert [pixels for _, pixels in glass.shown] == [3, 4]
    assert glass.closed == 1
    assert display.fault == ""


def test_it_goes_behind_everyone_else() -> None:
    niceness: list[int] = []
    glass = Glass()
    opened = glass.open

    def look() -> Glass:
        niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return opened()

    before = os.getpriority(os.PRIO_PROCESS, 0)
    display = Oled(look)
    display.show(picture(1), 0)
    assert glass.seen.wait(30)
    display.close()
    assert niceness == [max(before, 10)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before, "the music keeps its place"


def test_a_bus_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oled, "_CLOSE_LIMIT_S", 0.01)
    entered, free = threading.Event(), threading.Event()

    class Hanging(Glass):
        def show(self, image: Image.Image, now: int) -> None:
            entered.set()
            free.wait(30)

    display = Oled(Hanging().open)
    display.show(picture(1), 0)
    assert entered.wait(30)
    for number in range(1000):
        display.show(picture(number % 100), number)
    with pytest.raises(FirmwareError, match="hangs"):
        display.close()
    free.set()


def test_a_picture_of_another_size_is_refused() -> None:
    display = Oled(Glass().open)
    with pytest.raises(FirmwareError, match=r"\(64, 64\)"):
        display.show(Image.new("1", (64, 64)), 0)
    display.close()


# -- the device -----------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", ["ssd1306", "sh1106"])
def test_a_picture_reaches_the_controller(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    commands: list[int] = []

    class Line:
        def command(self, *values: int) -> None:
            commands.extend(values)

        def data(self, values: list[int]) -> None:
            sent.extend(values)

        def cleanup(self) -> None:
            commands.append(-1)

    places: list[tuple[int, int]] = []

    def i2c(port: int, address: int) -> Line:
        places.append((port, address))
        return Line()

    monkeypatch.setattr(serial, "i2c", i2c)
    screen = open_device(OledSettings(driver, port=3, address=0x3D, contrast=77))
    assert places == [(3, 0x3D)]
    assert commands[-2:] == [0x81, 77], "the contrast that was asked for"
    sent.clear()
    image = Image.new("1", (128, 64))
    image.putpixel((5, 0), 1)
    image.putpixel((6, 17), 1)
    screen.show(image, 0)
    # Eight rows of pixels are a page of 128 bytes, the lowest bit on top.
    assert {n: byte for n, byte in enumerate(sent) if byte} == {5: 1, 2 * 128 + 6: 2}
    assert len(sent) == 1024
    sent.clear()
    screen.close()
    assert sent == [], "its last picture stays"
    assert commands[-1] == -1


def test_a_screen_that_does_not_answer_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[int] = []
    kept: list[object] = []
    monkeypatch.setattr("atexit.register", lambda function: kept.append(function))

    class Silent:
        def command(self, *_: int) -> None:
            raise luma.core.error.DeviceNotFoundError("I2C device not found on address: 0x3C")

        def cleanup(self) -> None:
            closed.append(1)

    monkeypatch.setattr(serial, "i2c", lambda **_: Silent())
    for _ in range(3):
        with pytest.raises(FirmwareError, match=r"no screen on I2C 1 at 0x3c"):
            open_device(OledSettings())
    assert len(closed) == 3
    assert kept == [], "luma would keep each one until the process ends"


def test_no_bus_no_screen() -> None:
    with pytest.raises(FirmwareError, match=r"no screen on I2C 250 at 0x3c: .*/dev/i2c-250"):
        open_device(OledSettings(port=250))


def test_what_spi_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def spi(**_: object) -> None:
        raise ModuleNotFoundError("No module named 'spidev'", name="spidev")

    monkeypatch.setattr(serial, "spi", spi)
    with pytest.raises(FirmwareError, match=r"needs spidev.*apt install"):
        open_device(OledSettings(bus="spi", port=0))


def test_a_screen_on_spi_is_told_its_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, int]] = []

    class Line:
        def command(self, *_: int) -> None: ...
        def data(self, _: list[int]) -> None: ...

    def spi(**where: int) -> Line:
        asked.append(where)
        return Line()

    monkeypatch.setattr(serial, "spi", spi)
    open_device(OledSettings(bus="spi", port=0, spi_device=1, spi_dc=5, spi_reset=6))
    assert asked == [{"port": 0, "device": 1, "gpio_DC": 5, "gpio_RST": 6}]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"driver": "ssd1307"}, "oled_driver 'ssd1307': one of ssd1306, sh1106"),
        ({"bus": "usb"}, "oled_bus 'usb': one of i2c, spi"),
        ({"rotate": 1}, "oled_rotate 1: one of 0, 2"),
        ({"address": 0x80}, "oled_address 128: 8 to 119"),
        ({"contrast": 256}, "oled_contrast 256: 0 to 255"),
    ],
)
def test_bad_settings_are_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(FirmwareError, match=words):
        OledSettings(**values)  # type: ignore[arg-type]
