"""The attribute table."""

import pytest

from appliance.copilot.table import ATTRIBUTES, LOOP, STANDING, Row, Table


def test_it_survives_json_with_everything_in_it():
    table = (
        Table.empty()
        .wished("mood", "calm", 3, {"dynamics": -1.0})
        .wished("bpm", 96.0, 4)
        .measured({"bpm": 96.0, "layers": ("bass", "melody"), "mood": "calm"})
        .locked("key", True, 5)
    )
    assert Table.from_json(table.to_json()).rows == table.rows


@pytest.mark.parametrize("text", ["", "[]", "null", '{"bpm": 1}', '{"bpm": {"targt": 1}}'])
def test_other_json_is_refused(text):
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        Table.from_json(text)


@pytest.mark.parametrize(
    ("target", "measured", "holds"),
    [(100.0, 100.9, True), (100.0, 101.1, False), (100.0, None, True), (None, 5.0, True)],
)
def test_a_tempo_may_be_one_per_cent_off(target, measured, holds):
    table = Table.empty().with_row("bpm", target=target, measured=measured)
    assert (table.drifted() == ()) is holds


def test_only_standing_wishes_last_when_the_groove_moves_on():
    table = Table.empty().wished("bpm", 90.0, 1).wished("density", 2.0, 1)
    assert table["bpm"].scope == STANDING
    assert table["density"].scope == LOOP
    faded = table.faded()
    assert faded["bpm"].target == 90.0
    assert faded["density"].target is None


def test_a_lock_takes_what_is_measured_and_gives_it_back():
    table = Table.empty().measured({"density": 2.5})
    locked = table.locked("density", True, 2)
    assert (locked["density"].target, locked["density"].scope) == (2.5, STANDING)
    assert locked.locks == {"density"}
    opened = locked.locked("density", False, 3)
    assert opened["density"].target is None
    assert opened.locks == frozenset()


def test_a_wish_outlives_the_lock_on_it():
    table = Table.empty().wished("bpm", 90.0, 1).measured({"bpm": 90.0})
    again = table.locked("bpm", True, 2).locked("bpm", False, 3)
    assert again["bpm"].target == 90.0


def test_every_attribute_has_a_row_and_a_meaning():
    assert {a.name for a in ATTRIBUTES} == set(Table.empty().rows)
    assert all(a.meaning for a in ATTRIBUTES)


def test_words_are_compared_as_words():
    assert not Row(target="C minor", measured="C major").holds(relative=False)
