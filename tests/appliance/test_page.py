"""The page of `watch`: plain text of a fixed width, for every state."""

import io
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from appliance.cli.page import COLUMNS, ROWS, page, roll
from appliance.cli.remote import heard_rolls
from appliance.events import View

GROOVE = View(
    state="groove",
    corpus="demo",
    bpm=96.0,
    beat=3,
    beats=8,
    bar=4,
    loop=7,
    current="01-boogie-c@8",
    queued="02-boogie-g@16",
    similarity=0.834,
    why="near (number 2)",
    roll=((0.0, 1.0, 36), (4.0, 2.0, 48)),
    roll_beats=8.0,
)


def shown(view: View, *log: str) -> list[str]:
    console = Console(width=100, file=io.StringIO())
    console.print(page(asdict(view), log))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_a_groove_shows_now_and_next() -> None:
    lines = shown(GROOVE, "12:00:01 groove")
    assert lines[0] == "GROOVE  demo  96 BPM"
    assert lines[1].split("  ", 1) == ["loop 7", "··●· ····  6 left"]
    assert lines[2].split() == ["now", "01-boogie-c@8"]
    assert lines[3] == "next    02-boogie-g@16  0.83  near (number 2)"
    assert "next" in lines[4]
    assert lines[-1] == "12:00:01 groove"


@pytest.mark.parametrize(
    ("view", "wanted"),
    [
        (View(corpus="demo"), "IDLE  demo"),
        (View(state="recording", seconds=3.25), "recording  3.2 s"),
        (replace(GROOVE, hold=True), "GROOVE  demo  96 BPM  HOLD"),
        (replace(GROOVE, pending="CODA", pending_beats=5), "pending  CODA in 5 beats"),
        (replace(GROOVE, warning="PIANO OFF"), "PIANO OFF"),
        (replace(GROOVE, notice="TOO LATE"), "TOO LATE"),
        (View(missing=("switch", "screen")), "missing  switch, screen"),
        (View(importing="takes", progress=0.5), "importing takes " + "█" * 20 + "░" * 20 + " 50%"),
    ],
)
def test_what_matters_is_said(view: View, wanted: str) -> None:
    assert any(line.startswith(wanted) for line in shown(view))


def test_what_sounds_stands_above_what_is_next() -> None:
    console = Console(width=100, file=io.StringIO())
    console.print(page(asdict(GROOVE), now=(((0.0, 8.0, 40),), 8.0)))
    lines = console.file.getvalue().splitlines()
    titles = [line.strip("╭─╮ ") for line in lines if line.startswith("╭")]
    assert titles == ["now", "next"]


def test_the_attribute_table_is_shown_whole() -> None:
    nothing = {"target": None, "measured": None, "locked": False}
    table = {
        "undo": 2,
        "redo": 0,
        "attributes": {
            "bpm": {"target": 92.0, "measured": 92.0, "locked": True},
            "key": {"target": "F minor", "measured": "F minor", "locked": False},
            "layers": {"target": None, "measured": ["chords", "melody"], "locked": False},
            "density": {"target": 2.0, "measured": 1.625, "locked": False},
            "style": nothing,
        },
    }
    console = Console(width=100, file=io.StringIO())
    console.print(page(asdict(replace(GROOVE, stands="F minor, 92 locked")) | {"table": table}))
    text = console.file.getvalue()
    assert "stands  F minor, 92 locked" in text
    words = " ".join(text.split())
    for wanted in ("bpm 92 locked", "key F minor", "layers chords, melody", "density 1.625 → 2"):
        assert wanted in words, wanted
    assert "2 to undo, 0 to redo" in words
    assert "style" not in words


def test_what_is_urgent_is_above_what_a_low_terminal_cuts_off() -> None:
    lines = shown(replace(GROOVE, warning="PIANO OFF", notice="TOO LATE", confirm="ending"))
    assert lines[4:7] == ["PIANO OFF", "TOO LATE", "ending"]


def test_levels_are_bars() -> None:
    view = asdict(GROOVE) | {"levels": {"player": 0.5, "loop": 2.0}}
    console = Console(width=100, file=io.StringIO())
    console.print(page(view))
    assert "you ▮▮▮▮▮▯▯▯▯▯  loop ▮▮▮▮▮▮▮▮▮▮" in console.file.getvalue()


def test_what_was_next_is_known_when_it_sounds() -> None:
    view = asdict(GROOVE)
    rolls = heard_rolls({}, view)
    later = view | {"current": view["queued"], "queued": "third@0", "roll": [[0.0, 1.0, 60]]}
    rolls = heard_rolls(rolls, later)
    assert rolls[view["queued"]] == (view["roll"], 8.0)
    assert set(heard_rolls(rolls, later | {"current": "third@0", "queued": ""})) == {"third@0"}
    assert heard_rolls(rolls, asdict(View())) == {}


def test_a_roll_has_high_notes_on_top() -> None:
    lines = roll([(0.0, 4.0, 36), (4.0, 4.0, 48)], 8.0).plain.split("\n")
    assert len(lines) == ROWS
    half = COLUMNS // 2
    assert lines[0] == " " * half + "▀" * half
    assert lines[-1] == "▄" * half + " " * half
    assert set("".join(lines[1:-1])) == {" "}


@given(
    st.lists(st.tuples(st.floats(-1, 20), st.floats(0, 20), st.integers(0, 127)), min_size=1),
    st.floats(1, 16),
)
def test_any_notes_fit_the_roll(notes, beats) -> None:
    lines = roll(notes, beats).plain.split("\n")
    assert [len(line) for line in lines] == [COLUMNS] * ROWS
    assert set("".join(lines)) != {" "}


@given(st.text(), st.text())
def test_no_text_is_taken_for_markup(corpus: str, notice: str) -> None:
    shown(View(corpus=f"[bold]{corpus}", notice=f"[/]{notice}"))
