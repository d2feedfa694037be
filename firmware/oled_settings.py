"""Where a screen is and how it is to look; nothing here needs a screen, or what drives one."""

from dataclasses import dataclass

from firmware.errors import FirmwareError

DRIVERS = ("ssd1306", "sh1106")
BUSES = ("i2c", "spi")


@dataclass(frozen=True)
class OledSettings:
    """Where the screen is. `port` and `address` are of the I2C bus; on SPI, `port` is the bus and
    the last two are BCM pins. `rotate` is in quarters of a turn, 0 or 2; `contrast` 0 to 255."""

    driver: str = "ssd1306"
    bus: str = "i2c"
    port: int = 1
    address: int = 0x3C
    rotate: int = 0
    contrast: int = 160
    spi_device: int = 0
    spi_dc: int = 24
    spi_reset: int = 25

    def __post_init__(self) -> None:
        _want("oled_driver", self.driver, DRIVERS)
        _want("oled_bus", self.bus, BUSES)
        _want("oled_rotate", self.rotate, (0, 2))
        _within("oled_port", self.port, 0, 255)
        _within("oled_address", self.address, 0x08, 0x77)
        _within("oled_contrast", self.contrast, 0, 255)
        _within("oled_spi_device", self.spi_device, 0, 2)
        _within("oled_spi_dc", self.spi_dc, 0, 27)
        _within("oled_spi_reset", self.spi_reset, 0, 27)


def _want(name: str, value: str | int, allowed: tuple[str | int, ...]) -> None:
    if value not in allowed:
        wanted = ", ".join(map(str, allowed))
        raise FirmwareError(f"{name} {value!r}: one of {wanted} is wanted")


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise FirmwareError(f"{name} {value}: {least} to {most} is wanted")
