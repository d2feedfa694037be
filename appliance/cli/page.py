"""The page that `smartlooper watch` keeps up to date: what is on the box's screen, with more room.

A pure function of the view that the box tells of.
"""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

ROWS = 8  # of a piano roll
COLUMNS = 48
BAR = 40  # characters of a progress bar
_BLOCKS = " ▀▄█"  # nothing, upper half, lower half, both

View = dict[str, Any]


def page(view: View, log: Sequence[str] = ()) -> RenderableType:
    """All of it; `log` holds the last lines, latest last."""
    parts: list[RenderableType] = [_heading(view), _grid(view)]
    if view.get("roll"):
        parts.append(
            Panel(roll(view["roll"], view["roll_beats"]), title="next", title_align="left")
        )
    if view.get("importing"):
        parts.append(_bar("importing " + view["importing"], view.get("progress", 0.0)))
    parts += [Text(line, style="bold red") for line in (view["warning"],) if line]
    parts += [Text(line, style="yellow") for line in (view["notice"], view["confirm"]) if line]
    parts += [Text(line, style="dim", no_wrap=True) for line in log]
    return Group(*parts)


def _heading(view: View) -> Text:
    tempo = "" if view["bpm"] is None else f"  {view['bpm']:g} BPM"
    hold = "  HOLD" if view["hold"] else ""
    line = Text(view["state"].upper(), style="bold")
    return line.append(f"  {view['corpus']}{tempo}{hold}", style="not bold")


def _grid(view: View) -> Table:
    grid = Table.grid(padding=(0, 2))
    if view["state"] == "recording":
        grid.add_row("recording", f"{view['seconds']:.1f} s")
    if view["beats"]:
        grid.add_row(f"loop {view['loop']}", _beats(view))
        grid.add_row("now", view["current"])
    if view["queued"]:
        alike = "" if view["similarity"] is None else f"  {view['similarity']:.2f}"
        grid.add_row("next", f"{view['queued']}{alike}  {view['why']}")
    if view["pending"]:
        grid.add_row("pending", f"{view['pending']} in {view['pending_beats']} beats")
    if view["missing"]:
        grid.add_row("missing", ", ".join(view["missing"]))
    return grid


def _beats(view: View) -> Text:
    """Where in the loop: beats gone, this one, beats to come, bars apart; and how many are left."""
    line = Text()
    bar = view["bar"] or view["beats"]
    for beat in range(1, view["beats"] + 1):
        if beat > 1 and (beat - 1) % bar == 0:
            line.append(" ")
        style = "bold green" if beat == view["beat"] else "dim" if beat < view["beat"] else ""
        line.append("●" if beat == view["beat"] else "·", style=style)
    return line.append(f"  {view['beats'] - view['beat'] + 1} left")


def roll(notes: Sequence[Sequence[float]], beats: float) -> Text:
    """A piano roll of `(onset, duration, pitch)` in beats: high notes on top, two to a line."""
    cells = [[False] * COLUMNS for _ in range(2 * ROWS)]
    low = min(note[2] for note in notes)
    high = max(note[2] for note in notes)
    for onset, duration, pitch, *_ in notes:
        row = round((high - pitch) / max(high - low, 1) * (2 * ROWS - 1))
        first = min(COLUMNS - 1, max(0, int(onset / beats * COLUMNS)))
        last = min(COLUMNS, max(first + 1, round((onset + duration) / beats * COLUMNS)))
        cells[row][first:last] = [True] * (last - first)
    lines = [
        "".join(_BLOCKS[upper + 2 * lower] for upper, lower in zip(*pair, strict=True))
        for pair in zip(cells[::2], cells[1::2], strict=True)
    ]
    return Text("\n".join(lines), no_wrap=True)


def _bar(what: str, share: float) -> Text:
    done = round(min(1.0, max(0.0, share)) * BAR)
    return Text(f"{what} {'█' * done}{'░' * (BAR - done)} {share:.0%}")
