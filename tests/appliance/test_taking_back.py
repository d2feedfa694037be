"""Moves that can be taken back: which are kept, and which one it is."""

import numpy as np
import pytest

from appliance.arranger import arrange
from appliance.moves import Wishes
from appliance.planned import AS_PLAYED, Planned
from appliance.policies import make_policy
from appliance.taking_back import MOST, Move, Moves
from models.notes import NOTE, PEDAL, Phrase


def loops(count: int) -> list[Planned]:
    notes = np.array([(0.0, 1.0, 60, 80)], dtype=NOTE)
    phrase = Phrase(notes, np.empty(0, PEDAL), 4.0, 100.0)
    return [
        Planned(arrange(number, 4.0 * number, phrase), AS_PLAYED, "seed", phrase, 0.0)
        for number in range(count)
    ]


def move(at: int, *fields: str, planned: list[Planned] | None = None) -> Move:
    return Move("MOVE", at, fields, Wishes(), planned or [], make_policy("groove"))


def moves(*some: Move) -> Moves:
    found = Moves()
    for one in some:
        found.add(one)
    return found


def test_what_has_come_about_is_forgotten_but_an_ending_only_when_all_is_over() -> None:
    early, late, ending = move(2, "hold"), move(5, "hold"), move(1, "finish", "step", "hold")
    pending = moves(ending, early, late)
    pending.forget(3, ends=True)
    assert [pending[n] for n in range(len(pending))] == [ending, late]
    pending.forget(3, ends=False)
    assert pending.latest is late
    assert len(pending) == 1


def test_the_latest_is_taken_back_or_the_first_ending() -> None:
    step = move(1, "step", "at", "presses", "hold", "finish")
    pending = moves(move(1, "hold"), move(2, "finish", "step", "hold"), step)
    assert pending.to_take_back(ending=False) == 2
    assert pending.to_take_back(ending=True) == 1
    pending.drop(1)
    assert len(pending) == 1
    assert pending.to_take_back(ending=True) == 0


def test_only_so_many_are_kept() -> None:
    pending = moves(*(move(number, "hold") for number in range(MOST + 3)))
    assert len(pending) == MOST
    assert pending[0].at == 3
    assert Moves().latest is None
    assert not Moves()


@pytest.mark.parametrize(("open_from", "comes_back"), [(2, True), (3, False)])
def test_loops_come_back_where_all_of_them_can_still_come(open_from: int, comes_back: bool) -> None:
    there = loops(4)
    rest = move(2, "hold", planned=there).replaced(
        there[:2], lambda one: one.loop.number >= open_from
    )
    assert rest == (there[2:] if comes_back else None)


def test_a_move_is_undone_in_what_it_changed_alone() -> None:
    now = Wishes(hold=True, finish="end", semitones=3)
    assert move(1, "hold").undone(now) == Wishes(finish="end", semitones=3)


def test_a_step_has_come_once_its_loop_cannot_be_kept_from_sounding() -> None:
    there = loops(3)
    assert move(2, "presses").has_come(there)
    assert not move(3, "presses").has_come(there)
    assert not move(2, "hold").has_come(there)
