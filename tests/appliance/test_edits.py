from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.edits import CODA, EditError, edited, inner, order, thin
from corpus.midiwrite import TICKS_PER_BEAT
from models.notes import Phrase, note_array, pedal_array

ROWS = [
    (-0.05, 0.4, 36, 90),
    (0.0, 0.4, 48, 60),
    (1.0, 0.4, 38, 80),
    (1.5, 0.4, 50, 30),
    (1.95, 0.4, 40, 70),  # leads to beat 2
    (2.5, 0.4, 52, 40),
    (3.0, 0.4, 41, 75),
    (3.25, 0.4, 53, 20),
    (3.95, 0.1, 36, 50),  # leads to the first beat
]


@pytest.fixture
def bass() -> Phrase:
    pedals = [(0.0, 64, 0), (1.0, 64, 100), (2.5, 64, 0), (3.5, 64, 90)]
    return Phrase(note_array(ROWS), pedal_array(pedals), 4.0, 100.0, 4.0)


def pairs(phrase: Phrase) -> list[tuple[float, int]]:
    notes = phrase.notes
    return [(round(float(onset), 6), int(pitch)) for onset, _, pitch, _ in notes.tolist()]


def test_what_is_inner_comes_softest_first(bass: Phrase) -> None:
    assert bass.notes["pitch"][inner(bass.notes)].tolist() == [53, 50, 52]


@pytest.mark.parametrize(
    ("share", "gone"), [(0.0, []), (0.3, []), (0.34, [53]), (0.7, [53, 50]), (1.0, [53, 50, 52])]
)
def test_thinning_leaves_soft_inner_notes_out(bass: Phrase, share: float, gone: list[int]) -> None:
    left = edited(bass, [thin(share)])
    missing = set(bass.notes["pitch"].tolist()) - set(left.notes["pitch"].tolist())
    assert missing == set(gone)
    assert (left.beats, left.pedals.tolist()) == (bass.beats, bass.pedals.tolist())


def test_beats_change_places_with_what_leads_to_them(bass: Phrase) -> None:
    moved = edited(bass, [order([0, 2, 1, 3])])
    assert pairs(moved) == [
        (-0.05, 36), (0.0, 48), (0.95, 40), (1.5, 52), (2.0, 38), (2.5, 50),
        (3.0, 41), (3.25, 53), (3.95, 36),
    ]  # fmt: skip


def test_what_leads_to_the_first_beat_goes_where_it_goes(bass: Phrase) -> None:
    moved = edited(bass, [order([2, 3, 0, 1])])
    assert pairs(moved)[:2] == [(-0.05, 40), (0.5, 52)]
    assert (1.95, 36) in pairs(moved)


def test_the_pedal_goes_with_its_beat_and_is_put_right_where_beats_meet(bass: Phrase) -> None:
    moved = edited(bass, [order([0, 2, 1, 3])])
    assert moved.pedals.tolist() == [
        (0.0, 64, 0),
        (0.0, 64, 0),
        (1.0, 64, 100),  # as it was at beat 2
        (1.5, 64, 0),
        (2.0, 64, 100),
        (2.0, 64, 100),
        (3.0, 64, 0),  # as it was at beat 3
        (3.5, 64, 90),
    ]


def test_a_coda_is_the_downbeat_ringing_for_a_bar(bass: Phrase) -> None:
    coda = edited(bass, [CODA])
    assert pairs(coda) == [(-0.05, 36), (0.0, 48)]
    assert coda.beats == 4.0
    assert (coda.notes["duration"] >= 4.0).all()
    assert coda.pedals.tolist() == [(0.0, 64, 0)]


def test_a_coda_draws_the_first_notes_forward_where_the_downbeat_is_silent() -> None:
    rows = [(0.75, 0.2, 40, 80), (0.8, 0.2, 43, 80), (2.0, 0.2, 45, 80)]
    late = Phrase(note_array(rows), pedal_array([(0.0, 64, 0)]), 6.0, 100.0, 3.0)
    coda = edited(late, [CODA])
    assert pairs(coda) == [(0.0, 40), (0.05, 43)]
    assert coda.beats == 3.0


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"edit": "invent"}, "no edit 'invent'"),
        ({}, "no edit"),
        ("thin", "no edit"),
        (["thin"], "no edit"),
        ({"edit": ["thin"]}, "no edit"),
        ({"edit": "thin"}, "share"),
        ({"edit": "thin", "share": 1.5}, "share"),
        ({"edit": "thin", "share": True}, "share"),
        ({"edit": "thin", "share": float("nan")}, "share"),
        ({"edit": "order"}, "whole numbers"),
        ({"edit": "order", "beats": [0, 1, 2]}, "each of 0 to 3"),
        ({"edit": "order", "beats": [0, 1, 2, 2]}, "each of 0 to 3"),
        ({"edit": "order", "beats": [0, 1, 2, 3.0]}, "whole numbers"),
    ],
)
def test_an_edit_that_cannot_be_made_is_named(bass: Phrase, edit: object, says: str) -> None:
    with pytest.raises(EditError, match=says):
        edited(bass, [edit])  # type: ignore[list-item]


PHRASES = st.lists(
    st.tuples(
        st.integers(-100, 8 * TICKS_PER_BEAT - 1),
        st.integers(1, 4000),
        st.integers(30, 60),
        st.integers(1, 127),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda row: (row[0], row[2]),
)
EDITS = st.one_of(st.floats(0, 1).map(thin), st.permutations(range(8)).map(order), st.just(CODA))


@given(PHRASES, st.lists(EDITS, max_size=2, unique_by=lambda edit: str(edit["edit"])))
def test_no_edit_adds_a_note_and_rounding_to_ticks_changes_nothing(
    rows: list[tuple[int, int, int, int]], edits: list[dict[str, object]]
) -> None:
    """A seed is kept in ticks: what was made of it live and what is derived from disk agree."""
    if edits and edits[0] == CODA:
        edits = edits[:1]  # it has no beats to order
    whole, rough = (
        Phrase(
            note_array(
                ((t + shift) / TICKS_PER_BEAT, d / TICKS_PER_BEAT, p, v) for t, d, p, v in rows
            ),
            pedal_array([(0.0, 64, 0)]),
            8.0,
            100.0,
        )
        for shift in (0.0, 0.3)
    )
    kept, rounded = (edited(phrase, edits) for phrase in (rough, whole))
    was = Counter((p, v) for _, _, p, v in rows)
    assert not Counter((p, v) for _, _, p, v in kept.notes.tolist()) - was
    assert len(kept.notes) > 0
    live = sorted((p, v, round(o, 6)) for o, _, p, v in kept.notes.tolist())
    disk = sorted((p, v, round(o, 6)) for o, _, p, v in rounded.notes.tolist())
    assert [one[:2] for one in live] == [one[:2] for one in disk]
    assert np.allclose([one[2] for one in live], [one[2] for one in disk], atol=1 / TICKS_PER_BEAT)
