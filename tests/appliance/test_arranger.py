import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import phrase

from appliance.arranger import LAST_RING, PEDAL_GAP, REPEAT_GAP, Events, arrange, messages
from models.notes import Phrase, note_array, pedal_array


def of(rows: list[tuple[float, float, int, int]], pedals: list[tuple[float, int, int]]) -> Phrase:
    return Phrase(note_array(rows), pedal_array(pedals), 4.0, 120.0)


def listed(events: Events) -> list[tuple[float, str, int, int]]:
    names = {0x80: "off", 0x90: "on", 0xB0: "pedal"}
    return [
        (round(float(e["beat"]), 6), names[int(e["status"])], int(e["data"][0]), int(e["data"][1]))
        for e in events
    ]


def pedals(events: Events) -> list[tuple[float, int]]:
    return [(beat, value) for beat, kind, _, value in listed(events) if kind == "pedal"]


def test_lead_in_before_and_tail_over_the_boundary() -> None:
    first = arrange(0, 8.0, of([(0, 1, 40, 80), (3, 2, 45, 70)], []))
    second = arrange(1, 12.0, of([(-0.1, 0.5, 47, 60)], []))
    assert listed(messages([first, second])) == [
        (8.0, "pedal", 64, 0),
        (8.0, "on", 40, 80),
        (9.0, "off", 40, 0),
        (11.0, "on", 45, 70),
        (11.9, "on", 47, 60),
        (12.0, "pedal", 64, 0),
        (12.4, "off", 47, 0),
        (13.0, "off", 45, 0),
    ]


def test_a_repeated_key_is_released_in_time() -> None:
    first = arrange(0, 0.0, of([(3, 2, 40, 80)], []))
    second = arrange(1, 4.0, of([(0, 1, 40, 90)], []))
    keys = [row for row in listed(messages([first, second])) if row[1] != "pedal"]
    assert keys == [
        (3.0, "on", 40, 80),
        (round(4 - REPEAT_GAP, 6), "off", 40, 0),
        (4.0, "on", 40, 90),
        (5.0, "off", 40, 0),
    ]


def test_a_very_quick_repeat_still_sounds_first() -> None:
    loop = arrange(0, 0.0, of([(1.0, 1.0, 40, 80), (1.02, 1.0, 40, 90)], []))
    keys = [row for row in listed(messages([loop])) if row[1] != "pedal"]
    assert [row[:2] for row in keys] == [(1.0, "on"), (1.01, "off"), (1.02, "on"), (2.02, "off")]


def test_two_strikes_at_one_moment_are_one() -> None:
    loop = arrange(0, 0.0, of([(1.0, 1.0, 40, 80), (1.0, 0.5, 40, 90)], []))
    assert len([row for row in listed(messages([loop])) if row[1] == "on"]) == 1


def test_transposition_and_dynamics() -> None:
    loop = arrange(0, 0.0, of([(0, 1, 40, 80)], []), semitones=5, velocity_scale=0.5)
    assert listed(messages([loop]))[1] == (0.0, "on", 45, 40)
    loud = arrange(0, 0.0, of([(0, 1, 40, 80)], []), velocity_scale=9.0)
    assert listed(messages([loud]))[1] == (0.0, "on", 40, 127)


def test_a_pedal_that_the_next_source_does_not_hold_is_let_go_at_the_boundary() -> None:
    down = arrange(0, 0.0, of([(0, 1, 40, 80)], [(0, 64, 0), (1, 64, 127)]))
    up = arrange(1, 4.0, of([(0, 1, 40, 80)], [(0, 64, 0)]))
    assert pedals(messages([down, up])) == [(0.0, 0), (1.0, 127), (4.0, 0)]


def test_a_pedal_that_both_hold_is_changed_at_the_boundary() -> None:
    one = arrange(0, 0.0, of([(0, 1, 40, 80)], [(0, 64, 127)]))
    two = arrange(1, 4.0, of([(0, 1, 40, 80)], [(0, 64, 100)]))
    again = round(4 + PEDAL_GAP, 6)
    assert pedals(messages([one, two])) == [(0.0, 0), (0.0, 127), (4.0, 0), (again, 100)]


def test_an_unmentioned_soft_pedal_is_let_go_too() -> None:
    soft = arrange(0, 0.0, of([(0, 1, 40, 80)], [(0, 64, 0), (0, 67, 90)]))
    plain = arrange(1, 4.0, of([(0, 1, 40, 80)], [(0, 64, 0)]))
    rows = [row for row in listed(messages([soft, plain])) if row[1] == "pedal" and row[2] == 67]
    assert [(row[0], row[3]) for row in rows] == [(0.0, 90), (4.0, 0)]


def test_the_end_lets_go_of_everything() -> None:
    loop = arrange(0, 0.0, of([(3, 90, 40, 80)], [(0, 64, 127)]))
    events = listed(messages([loop], last=True))
    assert (4 + LAST_RING, "off", 40, 0) in events
    assert (4 + LAST_RING, "pedal", 64, 0) in events
    assert max(row[0] for row in events) == 4 + LAST_RING


PHRASES = st.lists(
    st.tuples(st.floats(-0.12, 3.9), st.floats(0.01, 9), st.integers(40, 44), st.integers(1, 127)),
    min_size=1,
    max_size=12,
)


@given(st.lists(PHRASES, min_size=1, max_size=4))
def test_every_key_goes_down_and_up_in_turn(
    rows: list[list[tuple[float, float, int, int]]],
) -> None:
    loops = [arrange(i, 4.0 * i, of(part, [])) for i, part in enumerate(rows)]
    events = messages(loops)
    assert (np.diff(events["beat"]) >= 0).all()
    down: dict[int, int] = {}
    for event in events:
        pitch, note = int(event["data"][0]), int(event["note"])
        if event["status"] == 0x90:
            assert pitch not in down, "struck while it is down"
            down[pitch] = note
        elif event["status"] == 0x80:
            assert down.pop(pitch) == note
    assert not down


def test_ids_tell_the_loops_apart() -> None:
    loops = [arrange(i, 8.0 * i, phrase()) for i in range(3)]
    events = messages(loops)
    strikes = events["note"][events["status"] == 0x90]
    assert len(set(strikes.tolist())) == len(strikes) == 48
    assert sorted(set(((strikes.astype(int) - 1) // 4096).tolist())) == [0, 1, 2]


def test_an_empty_plan_is_silent() -> None:
    assert len(messages([])) == 0


@pytest.mark.parametrize("semitones", [-12, 0, 7])
def test_the_source_itself_is_never_changed(semitones: int) -> None:
    source = phrase()
    before = source.notes.tolist()
    arrange(3, 100.0, source, semitones, 0.5)
    assert source.notes.tolist() == before
