"""Draws wiring.svg, the picture of the README: `python -m deploy.pictures.wiring`.

Pins are given by their number on the header, 1 to 40, odd ones on the left.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

OUT = Path(__file__).with_name("wiring.svg")
WIDTH, HEIGHT = 900, 620
LEFT, TOP, STEP = 190, 130, 30
SHOWN = 20

NAMES = {
    1: "3.3 V", 2: "5 V", 3: "GPIO 2 (SDA)", 4: "5 V", 5: "GPIO 3 (SCL)", 6: "ground",
    7: "GPIO 4", 8: "GPIO 14", 9: "ground", 10: "GPIO 15", 11: "GPIO 17", 12: "GPIO 18",
    13: "GPIO 27", 14: "ground", 15: "GPIO 22", 16: "GPIO 23", 17: "3.3 V", 18: "GPIO 24",
    19: "GPIO 10", 20: "ground",
}  # fmt: skip


@dataclass(frozen=True)
class Wire:
    """From a pin to a terminal of a part, in a colour; `lane` is where it runs down."""

    pin: int
    part: str
    terminal: str
    colour: str
    lane: int


@dataclass(frozen=True)
class Part:
    """A box with terminals on its left side, from the top."""

    name: str
    about: str
    top: int
    terminals: tuple[str, ...]


PARTS = (
    Part("Screen", "SSD1306 or SH1106, 128 x 64, I2C, 3.3 V", 120, ("VCC", "GND", "SCL", "SDA")),
    Part("Footswitch", "6.3 mm jack, closes while pressed", 320, ("tip", "sleeve")),
)
WIRES = (
    Wire(1, "Screen", "VCC", "#c0392b", 3),
    Wire(6, "Screen", "GND", "#222222", 2),
    Wire(5, "Screen", "SCL", "#c79a00", 1),
    Wire(3, "Screen", "SDA", "#2471a3", 0),
    Wire(11, "Footswitch", "tip", "#1e8449", 1),
    Wire(14, "Footswitch", "sleeve", "#222222", 2),
)
PART_LEFT, PART_WIDTH, TERMINAL_STEP = 600, 270, 30


def pin_place(pin: int) -> tuple[float, float]:
    """The middle of a pin."""
    row, right = divmod(pin - 1, 2)
    return LEFT + STEP * right, TOP + STEP * row


def terminal_place(part: Part, terminal: str) -> tuple[float, float]:
    return PART_LEFT, part.top + 62 + TERMINAL_STEP * part.terminals.index(terminal)


def draw() -> str:
    """The whole picture."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(30, 40, "Wiring: screen and footswitch on the Pi's header", 20),
        _text(30, 64, "Seen from above, the USB sockets at the bottom, pin 1 at the top left."),
        *_header(),
        *(line for part in PARTS for line in _part(part)),
        *(_wire(wire) for wire in WIRES),
        *_cables(),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _header() -> Iterable[str]:
    rows = SHOWN // 2
    height = STEP * rows + 14
    yield (
        f'<rect x="{LEFT - 22}" y="{TOP - 22}" width="{STEP + 44}" height="{height}" rx="6"'
        ' fill="#2e7d5b"/>'
    )
    used = {wire.pin: wire.colour for wire in WIRES}
    for pin in range(1, SHOWN + 1):
        x, y = pin_place(pin)
        odd = pin % 2 == 1
        fill = used.get(pin, "#e9d9a6")
        yield f'<circle cx="{x}" cy="{y}" r="11" fill="{fill}" stroke="white"/>'
        ink = "white" if pin in used else "#333333"
        yield _text(x, y + 4, str(pin), 11, ink, "middle")
        weight = "bold" if pin in used else "normal"
        if odd:
            yield _text(x - 30, y + 4, NAMES[pin], 12, "#222222", "end", weight)
        elif pin not in used:
            yield _text(x + 30, y + 4, NAMES[pin], 12, "#777777")
    yield _text(LEFT + STEP / 2, TOP + STEP * rows + 14, "... to pin 40", 12, "#777777", "middle")


def _part(part: Part) -> Iterable[str]:
    height = 62 + TERMINAL_STEP * len(part.terminals)
    yield (
        f'<rect x="{PART_LEFT}" y="{part.top}" width="{PART_WIDTH}" height="{height}" rx="8"'
        ' fill="#f4f4f4" stroke="#555555"/>'
    )
    yield _text(PART_LEFT + 16, part.top + 22, part.name, 15, weight="bold")
    yield _text(PART_LEFT + 16, part.top + 40, part.about, 11, "#555555")
    for terminal in part.terminals:
        x, y = terminal_place(part, terminal)
        yield f'<circle cx="{x}" cy="{y}" r="5" fill="white" stroke="#222222"/>'
        yield _text(x + 14, y + 4, terminal, 13)


def _wire(wire: Wire) -> str:
    """Left pins leave between the rows, so that no wire crosses a pin."""
    part = next(one for one in PARTS if one.name == wire.part)
    x, y = pin_place(wire.pin)
    to_x, to_y = terminal_place(part, wire.terminal)
    lane = LEFT + STEP + 130 + 34 * wire.lane
    if wire.pin % 2 == 1:
        start = f"M{x + 10},{y + 5} L{x + 14},{y + 15} H{lane}"
    else:
        start = f"M{x + 11},{y} H{lane}"
    return (
        f'<path d="{start} V{to_y} H{to_x - 5}" fill="none" stroke="{wire.colour}"'
        ' stroke-width="3" stroke-linejoin="round"/>'
    )


def _cables() -> Iterable[str]:
    top = 490
    rows = (
        (
            "USB-MIDI lead",
            "any USB socket of the Pi - MIDI IN and OUT, or USB TO HOST, of the piano",
        ),
        ("power", "the Pi's own supply; switch off by holding the footswitch for three seconds"),
        ("network", "only to upload, or to talk to it: not needed to play"),
    )
    yield f'<line x1="30" y1="{top}" x2="{WIDTH - 30}" y2="{top}" stroke="#bbbbbb"/>'
    for number, (name, about) in enumerate(rows):
        y = top + 32 + 30 * number
        yield _text(30, y, name, 14, weight="bold")
        yield _text(170, y, about)


def _text(
    x: float,
    y: float,
    text: str,
    size: int = 13,
    colour: str = "#222222",
    anchor: str = "start",
    weight: str = "normal",
) -> str:
    safe = text.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"'
        f' font-weight="{weight}">{safe}</text>'
    )


if __name__ == "__main__":
    OUT.write_text(draw(), encoding="utf-8")
