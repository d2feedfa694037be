from itertools import product
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from support.screens import FOLDER, LOOP, ROLL, SHEET, VIEWS, loop, saved, sheet

from appliance.events import Farewell, State, View
from appliance.pixels import BIG, HUGE, SMALL, TALL, fitting, height, largest, width, write
from appliance.screen import SIZE, draw


def pixels(image: Image.Image) -> NDArray[np.bool_]:
    return np.asarray(image, bool)


@pytest.mark.parametrize("name", VIEWS)
def test_every_screen_is_as_it_was_saved(name: str) -> None:
    """Pixel for pixel. After a change that is meant: see support.screens."""
    image = draw(VIEWS[name])
    assert image.size == SIZE
    assert image.mode == "1"
    assert image.tobytes() == saved(name).tobytes()


def test_no_saved_picture_is_left_over() -> None:
    assert {path.name for path in FOLDER.glob("*.png")} == {SHEET, *(f"{n}.png" for n in VIEWS)}
    with Image.open(FOLDER / SHEET) as shown:
        assert shown.convert("L").tobytes() == sheet().tobytes()


def test_different_views_are_different_pictures() -> None:
    assert len({draw(view).tobytes() for view in VIEWS.values()}) == len(VIEWS)


def test_no_screen_is_empty_or_overfull() -> None:
    for name, view in VIEWS.items():
        assert 0.02 < pixels(draw(view)).mean() < 0.6, name


@pytest.mark.parametrize("beats", [1e-200, 5e-324, 1e300])
def test_a_roll_of_absurd_length_is_still_a_picture(beats: float) -> None:
    assert draw(loop(roll=((1.0, 0.5, 60), (0.0, 1e300, 62)), roll_beats=beats)).size == SIZE


WORDS = st.text(max_size=40)
NUMBERS = st.integers(0, 300)
ROLLS = st.lists(
    st.tuples(st.floats(-1, 20), st.floats(0, 20), st.integers(0, 127)), max_size=5
).map(tuple)


@given(
    st.builds(
        View,
        state=st.sampled_from(get_args(State)),
        corpus=WORDS,
        bpm=st.none() | st.floats(20, 400),
        beat=NUMBERS,
        beats=NUMBERS,
        loop=NUMBERS,
        current=WORDS,
        queued=WORDS,
        similarity=st.none() | st.floats(-1, 1),
        hold=st.booleans(),
        notice=WORDS,
        warning=WORDS,
        why=WORDS,
        pending=WORDS,
        pending_beats=NUMBERS,
        pending_loops=NUMBERS,
        bar=st.integers(0, 8),
        seconds=st.floats(0, 1000),
        roll=ROLLS,
        roll_beats=st.floats(0, 64),
        missing=st.lists(WORDS, max_size=3).map(tuple),
        importing=WORDS,
        progress=st.floats(-1, 2),
        confirm=WORDS,
        farewell=st.sampled_from(get_args(Farewell)),
    )
)
def test_whatever_there_is_to_show_is_a_picture(view: View) -> None:
    image = draw(view)
    assert (image.size, image.mode) == (SIZE, "1")
    assert draw(view).tobytes() == image.tobytes()


# -- what can be read from the stool ------------------------------------------------------------


def beat_boxes(image: Image.Image, beats: int) -> list[bool]:
    """Which boxes of the bar at the bottom are filled, by their middles."""
    row = pixels(image)[62]
    return [bool(row[round((beat + 0.4) * 128 / beats)]) for beat in range(beats)]


@pytest.mark.parametrize(("beats", "beat"), [(8, 1), (8, 5), (8, 8), (4, 2), (16, 11)])
def test_the_beat_bar_fills(beats: int, beat: int) -> None:
    image = draw(loop(beat=beat, beats=beats))
    assert beat_boxes(image, beats) == [n < beat for n in range(beats)]


def test_the_dot_shows_one() -> None:
    lit = [int(pixels(draw(loop(beat=beat)))[:16, :16].sum()) for beat in range(1, 9)]
    ones, others = {lit[0], lit[4]}, set(lit) - {lit[0]}
    assert len(ones) == 1, "beats 1 and 5 of 8, in bars of 4"
    assert min(ones) > 4 * max(others)


def has(image: Image.Image, text: str, scale: tuple[int, int]) -> bool:
    """Whether these letters stand anywhere on a picture, lit or dark."""
    mark = Image.new("1", (width(text, scale), height(scale)))
    write(mark, (0, 0), text, scale)
    wanted, field = pixels(mark), pixels(image)
    places = product(range(64 - wanted.shape[0] + 1), range(128 - wanted.shape[1] + 1))
    for y, x in places:
        part = field[y : y + wanted.shape[0], x : x + wanted.shape[1]]
        if (part == wanted).all() or (part != wanted).all():
            return True
    return False


@pytest.mark.parametrize(
    ("view", "text", "scale"),
    [
        (loop(beat=3, bpm=97.4), "97", BIG),
        (loop(beat=3, beats=8), "6", BIG),
        (loop(pending="NEXT", pending_beats=5), "NEXT", BIG),
        (loop(pending="NEXT", pending_beats=12), "12", BIG),
        (loop(pending="HOME", pending_beats=5, pending_loops=3), "3x", BIG),
        (loop(hold=True), "HOLD", BIG),
        (loop(hold=True, pending="BACK"), "BACK", BIG),
        (loop(state="warmup"), "WARM", BIG),
        (loop(state="ending"), "END", BIG),
        (loop(warning="PIANO OFF"), "PIANO OFF", BIG),
        (loop(warning="NO SWITCH", notice="12 BEATS"), "NO SWITCH", BIG),
        (loop(similarity=0.87), ".87", SMALL),
        (loop(current="03-waltz@16"), "03-waltz@16", SMALL),
        (loop(queued="03-waltz@16"), "03-waltz@16", SMALL),
        (loop(queued=""), "the end", SMALL),
        (loop(why="track over"), "track over", SMALL),
        (View(corpus="tapes", bpm=90.0), "tapes", SMALL),
        (View(corpus="tapes", bpm=90.0), "90", BIG),
        (View(missing=("footswitch",)), "NO FOOTSWITCH", TALL),
        (View(missing=("piano", "screen")), "no screen", SMALL),
        (View("recording", seconds=31.7), "32", HUGE),
        (View("recording", bpm=60.0, seconds=3.2), "4", HUGE),
        (View(importing="tapes.zip", progress=0.256), "26%", BIG),
        (View(confirm="shut down"), "SHUT DOWN?", BIG),
        (View(farewell="unplug"), "UNPLUG", BIG),
    ],
)
def test_it_can_be_read(view: View, text: str, scale: tuple[int, int]) -> None:
    assert has(draw(view), text, scale)


def test_what_is_wrong_is_never_hidden() -> None:
    """A warning is seen whatever else there is to say."""
    for changes in ({"notice": "X"}, {"why": "y"}, {"importing": "z"}, {"pending": "NEXT"}):
        assert has(draw(loop(warning="PIANO OFF", **changes)), "PIANO OFF", BIG)
        idle = View(warning="PIANO OFF", missing=("screen",), importing="z")
        assert has(draw(idle), "PIANO OFF", BIG)


def test_the_mini_roll_has_the_notes_of_what_is_queued() -> None:
    roll = ((0.0, 2.0, 40), (4.0, 4.0, 64))
    panel = pixels(draw(loop(roll=roll, roll_beats=8.0)))[38:56]
    rows = [row for row in range(18) if panel[row].any()]
    assert len(rows) == 2
    high, low = panel[rows[0]], panel[rows[1]]
    assert (np.flatnonzero(high).min(), np.flatnonzero(high).max()) == (64, 126)
    assert (np.flatnonzero(low).min(), np.flatnonzero(low).max()) == (0, 31)
    assert not pixels(draw(loop(roll=())))[38:56].any()


def test_a_note_of_one_pitch_stands_in_the_middle() -> None:
    panel = pixels(draw(loop(roll=((0.0, 8.0, 60),))))[38:56]
    assert [row for row in range(18) if panel[row].any()] == [8]


def test_an_import_fills_its_meter() -> None:
    lit = [
        int(pixels(draw(View(importing="x", progress=share)))[39].sum())
        for share in (-1.0, 0.0, 0.25, 0.5, 1.0, 2.0)
    ]
    assert lit[0] == lit[1] < lit[2] < lit[3] < lit[4] == lit[5]


# -- letters ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [SMALL, TALL, BIG, HUGE])
def test_letters_are_as_large_as_they_say(scale: tuple[int, int]) -> None:
    image = Image.new("1", (200, 60))
    write(image, (10, 10), "MMM", scale)
    left, top, right, bottom = image.getbbox() or (0, 0, 0, 0)
    assert (left, right) == (10, 10 + width("MMM", scale))
    assert top >= 10
    assert bottom <= 10 + height(scale)


def test_text_that_has_no_room_is_cut_in_the_middle() -> None:
    assert fitting("short", 128) == "short"
    cut = fitting("13-second-line-bb@72", 60)
    assert cut == "13-s~bb@72"
    assert width(cut) <= 60
    assert fitting("", 60) == ""
    assert fitting("ab", 1) == "~"


def test_the_largest_letters_that_have_room() -> None:
    assert largest("PIANO OFF", 122) == BIG
    assert largest("PLAYER LOST", 122) == TALL
    assert largest("x" * 30, 122) == SMALL


def test_dark_letters_on_a_lit_ground() -> None:
    image = Image.new("1", (40, 20), 1)
    ImageDraw.Draw(image)
    write(image, (2, 2), "A", BIG, ink=0)
    assert not pixels(image).all()
    assert draw(LOOP).tobytes() == draw(loop(roll=ROLL)).tobytes()
