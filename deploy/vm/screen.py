"""The screen: what stands in its memory, and what should."""

import base64

from PIL import Image

from appliance.events import View
from appliance.screen import draw
from deploy.vm.guest import Guest

WIDTH, HEIGHT = 128, 64
_DEBUG = "/sys/kernel/debug/ssd1306"


def picture(guest: Guest) -> Image.Image:
    """What shines on the glass now, read back from the display's own memory."""
    return decode(base64.b64decode(guest.root(f"base64 {_DEBUG}/gddram")))


def decode(gddram: bytes) -> Image.Image:
    """SSD1306 data sheet, 8.7: eight pages of 128 bytes, a byte is eight rows, the lowest bit on
    top."""
    image = Image.new("1", (WIDTH, HEIGHT))
    for place, byte in enumerate(gddram[: WIDTH * HEIGHT // 8]):
        page, column = divmod(place, WIDTH)
        for bit in range(8):
            if byte >> bit & 1:
                image.putpixel((column, 8 * page + bit), 1)
    return image


def expected(view: View) -> Image.Image:
    return draw(view)


def same(one: Image.Image, other: Image.Image) -> bool:
    return bool(one.convert("1").tobytes() == other.convert("1").tobytes())


def set_fault(guest: Guest, unplugged: bool) -> None:
    """Pull the screen's wires, or put them back."""
    guest.root(f"echo {int(unplugged)} > {_DEBUG}/nack")
