from pathlib import Path

import luma.core.error
import pytest
from luma.core.device import dummy
from PIL import Image

from firmware.display import GifDisplay, LumaDisplay, NoDisplay
from firmware.errors import FirmwareError

MS = 1_000_000


def picture(lit: int) -> Image.Image:
    """The first `lit` pixels of the top row lit."""
    image = Image.new("1", (128, 64))
    for x in range(lit):
        image.putpixel((x, 0), 1)
    return image


def film(path: Path) -> list[tuple[int, int]]:
    """(lit pixels of the top row, milliseconds) of each frame."""
    frames = []
    with Image.open(path) as gif:
        assert gif.size == (384, 192)
        for index in range(gif.n_frames):
            gif.seek(index)
            row = gif.convert("L")
            lit = sum(row.getpixel((3 * x + 1, 1)) > 127 for x in range(128))
            frames.append((lit, gif.info["duration"]))
    return frames


def test_a_picture_reaches_a_luma_device() -> None:
    device = dummy(width=128, height=64, mode="1")
    display = LumaDisplay(device)
    display.show(picture(5), 0)
    assert device.image.convert("1").tobytes() == picture(5).tobytes()
    display.close()
    display.close()
    with pytest.raises(FirmwareError, match="closed"):
        display.show(picture(1), 0)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_other_modes_are_converted(mode: str) -> None:
    device = dummy(width=128, height=64, mode="1")
    LumaDisplay(device).show(picture(5).convert(mode), 0)
    assert device.image.convert("1").tobytes() == picture(5).tobytes()


def test_a_picture_of_another_size_is_refused() -> None:
    display = LumaDisplay(dummy(width=128, height=64, mode="1"))
    with pytest.raises(FirmwareError, match=r"\(64, 64\)"):
        display.show(Image.new("1", (64, 64)), 0)


class Unplugged:
    size, mode = (128, 64), "1"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def display(self, image: Image.Image) -> None:
        raise self.error

    def cleanup(self) -> None:
        raise self.error


@pytest.mark.parametrize("error", [OSError(121, "I/O"), luma.core.error.DeviceNotFoundError("no")])
def test_a_device_that_fails_raises_one_family(error: Exception) -> None:
    display = LumaDisplay(Unplugged(error))
    with pytest.raises(FirmwareError):
        display.show(picture(1), 0)
    with pytest.raises(FirmwareError):
        display.close()


def test_the_film_shows_each_picture_for_its_time(tmp_path: Path) -> None:
    display = GifDisplay(tmp_path / "oled.gif")
    for lit, ms in ((1, 0), (1, 50), (2, 100), (3, 101), (4, 400), (5, 60_000)):
        display.show(picture(lit), ms * MS)
    assert not (tmp_path / "oled.gif").exists()
    display.close()
    display.close()
    frames = film(tmp_path / "oled.gif")
    assert frames == [(1, 100), (2, 20), (3, 300), (4, 5000), (5, 1000)]


def test_times_do_not_drift(tmp_path: Path) -> None:
    display = GifDisplay(tmp_path / "oled.gif")
    for index in range(100):
        display.show(picture(index % 2), index * 33 * MS)
    display.close()
    lengths = [ms for _, ms in film(tmp_path / "oled.gif")][:-1]
    assert abs(sum(lengths) - 99 * 33) <= 10


def test_the_film_is_bounded(tmp_path: Path) -> None:
    display = GifDisplay(tmp_path / "oled.gif", max_frames=3)
    for index in range(10):
        display.show(picture(index), index * 100 * MS)
    display.close()
    assert film(tmp_path / "oled.gif") == [(0, 100), (1, 100), (2, 100)]


def test_the_same_film_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.gif", "b.gif"):
        display = GifDisplay(tmp_path / name)
        for index in range(20):
            display.show(picture(index), index * 40 * MS)
        display.close()
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_no_pictures_no_file(tmp_path: Path) -> None:
    GifDisplay(tmp_path / "oled.gif").close()
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_cannot_be_saved_names_its_file(tmp_path: Path) -> None:
    display = GifDisplay(tmp_path / "absent" / "oled.gif")
    display.show(picture(1), 0)
    with pytest.raises(FirmwareError, match=r"oled\.gif"):
        display.close()


def test_no_display_takes_everything() -> None:
    NoDisplay().show(picture(1), 0)
    NoDisplay().close()
