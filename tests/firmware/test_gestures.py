from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from firmware.debounce import SETTLE_NS, Debouncer
from firmware.errors import FirmwareError
from firmware.gestures import (
    DOUBLE,
    HOLD,
    KINDS,
    LONG_HOLD,
    TAP,
    Gesture,
    Gestures,
    Stage,
    Timing,
)

MS = 1_000_000
S = 1000 * MS
TIMING = Timing(450 * MS, S, 3 * S)


@dataclass(frozen=True)
class Row:
    gestures: frozenset[str]
    at_press: bool = False
    always: frozenset[str] = frozenset()
    name: str = "row"


ALL = Row(frozenset(KINDS))
EAGER = Row(frozenset(KINDS), at_press=True)

Press = tuple[int, int]


def play(row: Row, presses: list[Press], until: int, looks: Iterable[int] = ()) -> list[Gesture]:
    """What a machine says that is also asked at `looks` between the edges."""
    edges = [(ns, number % 2 == 0) for number, ns in enumerate(ns for p in presses for ns in p)]
    steps = sorted([*edges, *((ns, None) for ns in looks)], key=lambda step: step[0])
    machine, said = Gestures(lambda: row, TIMING), []
    for ns, pressed in steps:
        said += machine.advance(ns) if pressed is None else machine.edge(ns, pressed)
    return said + machine.advance(until)


def kinds(said: list[Gesture]) -> list[tuple[str, int, int]]:
    return [(g.kind, g.at // MS, g.decided // MS) for g in said if g.stage is Stage.DONE]


def ms(*presses: Press) -> list[Press]:
    return [(down * MS, up * MS) for down, up in presses]


# -- one by one ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("presses", "said"),
    [
        ([(0, 100)], [("tap", 0, 450)]),
        ([(0, 449)], [("tap", 0, 450)]),
        ([(0, 450)], [("tap", 0, 450)]),
        ([(0, 700)], [("tap", 0, 700)]),
        ([(0, 100), (300, 400)], [("double", 0, 300)]),
        ([(0, 100), (449, 500)], [("double", 0, 449)]),
        ([(0, 100), (450, 500)], [("tap", 0, 450), ("tap", 450, 900)]),
        ([(0, 50), (100, 150), (200, 250)], [("double", 0, 100), ("tap", 200, 650)]),
        ([(0, 50), (100, 150), (200, 250), (300, 350)], [("double", 0, 100), ("double", 200, 300)]),
        ([(0, 999)], [("tap", 0, 999)]),
        ([(0, 1000)], [("hold1", 0, 1000)]),
        ([(0, 2999)], [("hold1", 0, 2999)]),
        ([(0, 3000)], [("hold3", 0, 3000)]),
        ([(0, 9000)], [("hold3", 0, 3000)]),
        ([(0, 100), (300, 1500)], [("double", 0, 300)]),
        ([(0, 100), (300, 9000)], [("double", 0, 300)]),
    ],
)
def test_gestures(presses: list[Press], said: list[tuple[str, int, int]]) -> None:
    assert kinds(play(ALL, ms(*presses), 20 * S)) == said


@pytest.mark.parametrize(
    ("wanted", "presses", "said"),
    [
        ({TAP}, [(0, 5000)], [("tap", 0, 0)]),
        ({TAP}, [(0, 100), (200, 300)], [("tap", 0, 0), ("tap", 200, 200)]),
        ({TAP, LONG_HOLD}, [(0, 100)], [("tap", 0, 100)]),
        ({TAP, LONG_HOLD}, [(0, 1500)], []),
        ({TAP, HOLD}, [(0, 1500)], [("hold1", 0, 1000)]),
        ({TAP, HOLD}, [(0, 5000)], [("hold1", 0, 1000)]),
        ({TAP, DOUBLE}, [(0, 5000)], [("tap", 0, 5000)]),
        ({DOUBLE}, [(0, 100)], []),
        ({LONG_HOLD}, [(0, 100), (200, 4000)], [("hold3", 200, 3200)]),
        (set(), [(0, 100), (200, 4000)], []),
    ],
)
def test_nothing_is_waited_for_that_does_not_count(
    wanted: set[str], presses: list[Press], said: list[tuple[str, int, int]]
) -> None:
    assert kinds(play(Row(frozenset(wanted)), ms(*presses), 20 * S)) == said


def stages(said: list[Gesture]) -> list[tuple[str, str, int, int]]:
    return [(g.kind, g.stage.value, g.at // MS, g.decided // MS) for g in said]


def test_a_tap_that_acts_at_its_press_stands() -> None:
    assert stages(play(EAGER, ms((0, 100)), 20 * S)) == [("tap", "begun", 0, 0)]


def test_a_tap_that_acts_at_its_press_is_taken_back_for_a_double_tap() -> None:
    assert stages(play(EAGER, ms((0, 100), (300, 400)), 20 * S)) == [
        ("tap", "begun", 0, 0),
        ("tap", "withdrawn", 0, 300),
        ("double", "done", 0, 300),
    ]


def test_a_tap_that_acts_at_its_press_is_taken_back_for_a_hold() -> None:
    assert stages(play(EAGER, ms((0, 1700)), 20 * S)) == [
        ("tap", "begun", 0, 0),
        ("tap", "withdrawn", 0, 1000),
        ("hold1", "done", 0, 1700),
    ]


def test_it_is_asked_anew_at_every_first_press() -> None:
    rows = iter([Row(frozenset({TAP}), name=name) for name in ("start", "one", "two")])
    machine = Gestures(lambda: next(rows), TIMING)
    said = [*machine.edge(0, True), *machine.edge(1, False), *machine.edge(2, True)]
    assert [g.row for g in said] == ["one", "two"]


def test_the_row_of_a_gesture_is_that_of_its_press() -> None:
    rows = iter([ALL, Row(ALL.gestures, name="then"), Row(ALL.gestures, name="now")])
    machine = Gestures(lambda: next(rows), TIMING)
    machine.edge(0, True)
    assert [g.row for g in machine.edge(2 * S, False)] == ["then"]


def test_silence_counts_in_a_press_that_has_meant_something() -> None:
    row = Row(ALL.gestures, always=frozenset({LONG_HOLD}))
    assert kinds(play(row, ms((0, 100), (300, 9000)), 20 * S)) == [
        ("double", 0, 300),
        ("hold3", 300, 3300),
    ]


def test_edges_that_change_nothing_are_ignored() -> None:
    machine = Gestures(lambda: ALL, TIMING)
    assert machine.edge(0, False) == []
    assert machine.edge(10 * MS, True) == []
    assert machine.edge(20 * MS, True) == []
    assert machine.edge(30 * MS, False) == []
    assert kinds(machine.advance(S)) == [("tap", 10, 460)]


def test_an_edge_that_comes_late_is_taken_as_coming_now() -> None:
    machine = Gestures(lambda: ALL, TIMING)
    machine.edge(0, True)
    machine.advance(1100 * MS)
    assert kinds(machine.edge(900 * MS, False)) == [("hold1", 0, 1100)]


@pytest.mark.parametrize("times", [(0, 1, 3), (2 * S, S, 3 * S), (MS, 3 * S, 3 * S)])
def test_times_that_make_no_sense_are_named(times: tuple[int, int, int]) -> None:
    with pytest.raises(FirmwareError, match="each must be longer"):
        Timing(*times)


# -- any feet -----------------------------------------------------------------------------------


def oracle(row: Row, presses: list[Press]) -> list[Gesture]:
    """The same, told from the presses as a whole, when all is over."""
    said: list[Gesture] = []
    waiting = list(presses)
    wanted, eager = row.gestures, row.at_press

    def say(kind: str, at: int, decided: int, stage: Stage = Stage.DONE) -> None:
        said.append(Gesture(kind, at, decided, row.name, stage))

    while waiting:
        down, up = waiting.pop(0)
        length = up - down
        if wanted <= {TAP}:
            if TAP in wanted:
                say(TAP, down, down)
            continue
        begun = eager and TAP in wanted
        if begun:
            say(TAP, down, down, Stage.BEGUN)
        if length >= TIMING.hold and wanted & {HOLD, LONG_HOLD}:
            if begun:
                say(TAP, down, down + TIMING.hold, Stage.WITHDRAWN)
            if LONG_HOLD not in wanted:
                say(HOLD, down, down + TIMING.hold)
            elif length >= TIMING.long_hold:
                say(LONG_HOLD, down, down + TIMING.long_hold)
            elif HOLD in wanted:
                say(HOLD, down, up)
            continue
        window = down + TIMING.double
        second = waiting[0] if waiting and waiting[0][0] < window else None
        if DOUBLE in wanted and up < window and second is not None:
            waiting.pop(0)
            if begun:
                say(TAP, down, second[0], Stage.WITHDRAWN)
            say(DOUBLE, down, second[0])
            if LONG_HOLD in row.always and second[1] - second[0] >= TIMING.long_hold:
                say(LONG_HOLD, second[0], second[0] + TIMING.long_hold)
        elif TAP in wanted and not begun:
            say(TAP, down, max(up, window) if DOUBLE in wanted else up)
    return said


LENGTHS = st.one_of(
    st.integers(1, 4 * S),
    st.integers(1, 500 * MS),
    st.sampled_from([n * MS + e for n in (450, 1000, 3000) for e in (-1, 0, 1)]),
)
ROWS = st.builds(
    lambda wanted, eager, always: Row(
        wanted, eager, wanted & {LONG_HOLD} if always else frozenset()
    ),
    st.frozensets(st.sampled_from(KINDS)),
    st.booleans(),
    st.booleans(),
)


@st.composite
def steps(draw: st.DrawFn, each: st.SearchStrategy[int] = LENGTHS) -> list[Press]:
    """Presses of a foot, none of no length."""
    lengths = draw(st.lists(each, max_size=16))
    times = [0]
    for length in lengths:
        times.append(times[-1] + length)
    return list(zip(times[1::2], times[2::2], strict=False))


@given(ROWS, steps(), st.lists(st.integers(0, 30 * S), max_size=10))
def test_any_feet(row: Row, presses: list[Press], looks: list[int]) -> None:
    """However often it is asked, it says what is to be said of the presses as a whole."""
    end = (presses[-1][1] if presses else 0) + 10 * S
    looks = [ns for ns in looks if ns < end]
    assert play(row, presses, end, looks) == oracle(row, presses)


EDGES = st.lists(st.tuples(st.integers(0, 20 * S), st.booleans()), max_size=30)


@given(ROWS, EDGES)
def test_any_edges(row: Row, edges: list[tuple[int, bool]]) -> None:
    """Whatever comes, in whatever order, time goes on and nothing is left open."""
    machine = Gestures(lambda: row, TIMING)
    said = [g for ns, pressed in edges for g in machine.edge(ns, pressed)]
    said += machine.advance(100 * S)
    assert machine.next_time is None
    assert [g.decided for g in said] == sorted(g.decided for g in said)
    assert all(g.kind in row.gestures and g.at <= g.decided for g in said)


@given(ROWS, EDGES.map(lambda edges: sorted(dict(edges).items())))
def test_a_press_means_one_thing(row: Row, edges: list[tuple[int, bool]]) -> None:
    machine = Gestures(lambda: row, TIMING)
    said = [g for ns, pressed in edges for g in machine.edge(ns, pressed)]
    said += machine.advance(100 * S)
    begun = [g.at for g in said if g.stage is Stage.BEGUN]
    withdrawn = [g.at for g in said if g.stage is Stage.WITHDRAWN]
    done = [g.at for g in said if g.stage is Stage.DONE and g.kind not in row.always]
    assert set(withdrawn) <= set(begun)
    stood = [at for at in begun if at not in withdrawn]
    assert len({*stood, *done}) == len(stood) + len(done), "a hold never also fires a tap"


@given(ROWS, steps())
def test_it_says_when_to_ask_again(row: Row, presses: list[Press]) -> None:
    machine = Gestures(lambda: row, TIMING)
    for down, up in presses:
        for ns, pressed in ((down, True), (up, False)):
            due = machine.next_time
            if due is not None and due > ns:
                assert machine.advance(ns - 1) == []
            machine.edge(ns, pressed)
            assert machine.next_time is None or machine.next_time > ns


@given(steps(st.integers(MS, 100 * MS)), st.data())
def test_bounces_change_no_gesture(presses: list[Press], data: st.DataObject) -> None:
    """Contacts that dance for less than the settling time, after feet that are no faster."""
    presses = [(40 * down, 40 * up) for down, up in presses]
    clean = [ns for press in presses for ns in press]
    assume(all(later - sooner >= 2 * SETTLE_NS for sooner, later in pairwise(clean)))
    debouncer, machine, said = Debouncer(), Gestures(lambda: ALL, TIMING), []
    for number, ns in enumerate(clean):
        pressed = number % 2 == 0
        dance = data.draw(st.lists(st.integers(1, SETTLE_NS - 1), max_size=4, unique=True))
        level = pressed
        for at in [0, *sorted(dance[: len(dance) // 2 * 2])]:
            for edge in debouncer.edge(ns + at, level):
                said += machine.edge(*edge)
            level = not level
    end = (clean[-1] if clean else 0) + 10 * S
    assert debouncer.settled(end) == []
    assert said + machine.advance(end) == play(ALL, presses, end)
