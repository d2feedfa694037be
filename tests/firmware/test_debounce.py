from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.debounce import SETTLE_NS, Debounced, Debouncer
from firmware.switch import Edge, NoSwitch, ScriptedSwitch

MS = 1_000_000


def told(edges: list[tuple[int, bool]], until: int, settle: int = SETTLE_NS) -> list[Edge]:
    debouncer = Debouncer(settle)
    found = [edge for ms, pressed in edges for edge in debouncer.edge(ms * MS, pressed)]
    return found + debouncer.settled(until * MS)


def test_a_press_is_told_at_once_and_at_its_time() -> None:
    debouncer = Debouncer()
    assert debouncer.edge(123, True) == [(123, True)]
    assert debouncer.settled(123 + SETTLE_NS) == []


def test_bounces_are_not_told() -> None:
    bouncing = [(0, True), (1, False), (2, True), (5, False), (7, True), (19, False), (19, True)]
    assert told(bouncing, 1000) == [(0, True)]


def test_a_press_shorter_than_a_bounce_ends_when_the_contact_has_settled() -> None:
    assert told([(0, True), (6, False)], 19) == [(0, True)]
    assert told([(0, True), (6, False)], 20) == [(0, True), (20 * MS, False)]
    assert told([(0, True), (6, False), (300, True)], 400) == [
        (0, True),
        (20 * MS, False),
        (300 * MS, True),
    ]


def test_it_says_when_to_ask_again() -> None:
    debouncer = Debouncer()
    debouncer.edge(0, True)
    assert debouncer.next_time is None
    debouncer.edge(5, False)
    assert debouncer.next_time == SETTLE_NS
    debouncer.edge(6, True)
    assert debouncer.next_time is None


def test_five_presses_in_five_seconds_are_one_when_told_to_settle_that_long() -> None:
    """The setting is not only kept but heeded."""
    presses = [
        (ms, pressed) for n in range(5) for ms, pressed in ((900 * n, True), (900 * n + 90, False))
    ]
    assert told(presses, 60_000, 5000 * MS) == [(0, True), (5000 * MS, False)]
    assert len(told(presses, 60_000, 20 * MS)) == 10


def test_an_edge_that_comes_after_its_time_was_looked_at_is_not_lost() -> None:
    debouncer = Debouncer()
    debouncer.edge(0, True)
    assert debouncer.settled(30 * MS) == []
    assert debouncer.edge(19 * MS, False) == []
    assert debouncer.settled(30 * MS) == [(20 * MS, False)]


EDGES = st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=60).map(
    lambda edges: sorted(edges, key=lambda edge: edge[0])
)


@given(EDGES, st.integers(1, 50))
def test_any_contact(edges: list[tuple[int, bool]], settle: int) -> None:
    found = told(edges, 100_000, settle * MS)
    assert all(before.pressed != after.pressed for before, after in pairwise(found))
    assert all(after.ns - before.ns >= settle * MS for before, after in pairwise(found))
    level = edges[-1][1] if edges else False
    assert (found[-1].pressed if found else False) == level, "it ends where the contact did"
    if found:
        first = next(ms for ms, pressed in edges if pressed)
        assert found[0] == (first * MS, True), "and the first press is told at its own time"


@given(EDGES, st.integers(1, 50), st.lists(st.integers(0, 500), max_size=10))
def test_looking_changes_nothing(
    edges: list[tuple[int, bool]], settle: int, looks: list[int]
) -> None:
    debouncer, found = Debouncer(settle * MS), []
    looked = sorted([*edges, *((ms, None) for ms in looks)], key=lambda step: step[0])
    for ms, pressed in looked:
        found += debouncer.settled(ms * MS) if pressed is None else debouncer.edge(ms * MS, pressed)
    assert found + debouncer.settled(10**12) == told(edges, 100_000, settle * MS)


def test_a_debounced_switch_is_a_switch() -> None:
    now = [0]
    raw = ScriptedSwitch()
    switch = Debounced(raw, lambda: now[0])
    for ms, pressed in ((0, True), (1, False), (2, True), (100, False), (101, True)):
        raw.push(ms * MS, pressed)
    now[0] = 110 * MS
    assert switch.edges() == [(0, True), (100 * MS, False)]
    assert switch.edges() == []
    now[0] = 120 * MS
    assert switch.edges() == [(120 * MS, True)]
    assert switch.fileno() is None
    switch.close()
    assert switch.edges() == []


@pytest.mark.parametrize("fault", ["", "no pedal; connect it"])
def test_the_fault_is_passed_on(fault: str) -> None:
    assert Debounced(NoSwitch(fault), lambda: 0).fault == fault
