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
METER = 10  # of a level
_BLOCKS = " ▀▄█"  # nothing, upper half, lower half, both

View = dict[str, Any]


Roll = tuple[Sequence[Sequence[float]], float]
"""Notes as `(onset, duration, pitch)` in beats, and how many beats they are of."""


def page(view: View, log: Sequence[str] = (), now: Roll | None = None) -> RenderableType:
    """All of it; `log` holds the last lines, latest last, and `now` is what sounds, if known."""
    parts: list[RenderableType] = [_heading(view), _grid(view)]
    # What is urgent goes above what a low terminal has no room for.
    parts += [Text(line, style="bold red") for line in (view["warning"],) if line]
    parts += [Text(line, style="yellow") for line in (view["notice"], view["confirm"]) if line]
    if view.get("levels"):
        parts.append(_levels(view["levels"]))
    rolls = {"now": now, "next": (view.get("roll"), view.get("roll_beats", 0.0))}
    for title, one in rolls.items():
        if one is not None and one[0]:
            parts.append(Panel(roll(one[0], one[1]), title=title, title_align="left"))
    if view.get("table", {}).get("attributes"):
        parts.append(_attributes(view["table"]))
    if view.get("importing"):
        parts.append(_bar("importing " + view["importing"], view.get("progress", 0.0)))
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
    if view.get("stands"):
        grid.add_row("stands", view["stands"])
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


def _attributes(table: View) -> RenderableType:
    """What the loop is made of, what is asked for, and what is locked; two attributes to a line."""
    rows = {name: row for name, row in table["attributes"].items() if _is_known(row)}
    grid = Table.grid(padding=(0, 2))
    lines = list(rows.items())
    half = (len(lines) + 1) // 2
    for number in range(half):
        cells = [_attribute(*one) for one in lines[number::half]]
        grid.add_row(*(cell for pair in cells for cell in pair))
    left = f"{table.get('undo', 0)} to undo, {table.get('redo', 0)} to redo"
    return Panel(grid, title="attributes", subtitle=left, title_align="left")


def _is_known(row: View) -> bool:
    return row["measured"] is not None or row["target"] is not None or bool(row["locked"])


def _attribute(name: str, row: View) -> tuple[Text, Text]:
    value = Text(_words(row["measured"]))
    if row["target"] is not None and _words(row["target"]) != _words(row["measured"]):
        value.append(f" → {_words(row['target'])}", style="bold")
    if row["locked"]:
        value.append(" locked", style="bold yellow")
    return Text(name, style="dim" if row["target"] is None else "bold"), value


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def _levels(levels: dict[str, float]) -> Text:
    """How loud you are, and the loop."""
    shown = {"you": levels.get("player", 0.0), "loop": levels.get("loop", 0.0)}
    line = Text()
    for name, level in shown.items():
        done = round(min(1.0, max(0.0, level)) * METER)
        line.append(f"{name} ", style="dim")
        line.append(f"{'▮' * done}{'▯' * (METER - done)}  ", style="green")
    return line


def _bar(what: str, share: float) -> Text:
    done = round(min(1.0, max(0.0, share)) * BAR)
    return Text(f"{what} {'█' * done}{'░' * (BAR - done)} {share:.0%}")
