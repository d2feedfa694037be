"""How hot the processor is, read now and then from the system's own sensors."""

from pathlib import Path

ROOT = Path("/sys/class/thermal")
LOOK_NS = 5_000_000_000
HOT_C, COOL_C = 80.0, 77.0
"""A Raspberry Pi slows itself down from 80 degrees on; the second is when that is over."""

_OF_A_PROCESSOR = ("cpu", "soc", "x86_pkg")


class Thermometer:
    """Reads a few bytes every LOOK_NS, at a turn of its owner; without a sensor it knows nothing.

    `celsius` is the latest reading of the hottest sensor of the processor, or None.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self.celsius: float | None = None
        self._sensors = _sensors(root)
        self._next_look = 0
        self._hot = False

    def is_hot(self, now: int) -> bool:
        """Whether it is too hot at time `now` (ns): until it is a little cooler again."""
        if now >= self._next_look:
            self._next_look = now + LOOK_NS
            self.celsius = max(_read(self._sensors), default=None)
            self._hot = self._judge(self.celsius)
        return self._hot

    def _judge(self, celsius: float | None) -> bool:
        return celsius is not None and celsius >= (COOL_C if self._hot else HOT_C)


def _sensors(root: Path) -> list[Path]:
    """Those of the processor; a zone of which nobody says what it measures is taken for one."""
    try:
        zones = sorted(root.glob("thermal_zone*"))
    except OSError:
        return []
    return [zone / "temp" for zone in zones if _kind(zone).startswith(_OF_A_PROCESSOR)]


def _kind(zone: Path) -> str:
    try:
        return (zone / "type").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return _OF_A_PROCESSOR[0]


def _read(sensors: list[Path]) -> list[float]:
    """Degrees, of those that answer."""
    found = []
    for sensor in sensors:
        try:
            found.append(int(sensor.read_text(encoding="ascii")) / 1000)
        except (OSError, ValueError):
            continue
    return found
