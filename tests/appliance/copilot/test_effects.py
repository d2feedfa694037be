"""Effects and edits, note by note."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.copilot.edits import OPERATIONS, EditFaultError, apply_edits
from appliance.copilot.effects import EFFECTS, GHOST, gaps, swing_bend, swing_of
from appliance.copilot.material import Material
from appliance.copilot.measure import density, measure
from appliance.copilot.shelf import RANKED
from corpus.errors import CorpusError
from corpus.hearing.key import parse_key
from models.errors import ModelError
from models.notes import note_array, pedal_array


def material(rows, layers=None, beats=8.0):
    notes = note_array(rows)
    codes = np.zeros(len(notes), np.uint8) if layers is None else np.array(layers, np.uint8)
    return Material(notes, codes, pedal_array([(0.0, 64, 127)]), beats, 4.0)


def effect(one, name, amount=0.5, layer=None, extra=0.0):
    edit = {"op": "effect", "effect": name, "amount": amount, "layer": layer, "extra": extra}
    return apply_edits(one, [edit], None)


LINE = material([(i / 2, 0.25, 60 + i, 80) for i in range(16)])
CHORD = material([(0.0, 1.0, pitch, 80) for pitch in (60, 64, 67)], [1, 1, 1])


def test_an_echo_repeats_softer_and_comes_round():
    one = material([(7.75, 0.25, 60, 100)])
    made = effect(one, "echo", 0.5)
    rows = [(n["onset"], int(n["pitch"]), int(n["velocity"])) for n in made.notes]
    assert rows == [(0.25, 60, 75), (0.75, 60, 56), (7.75, 60, 100)]
    assert made.layers.tolist() == [GHOST, GHOST, 0]


@pytest.mark.parametrize(("amount", "repeats"), [(0.25, 1), (0.5, 2), (0.8, 3)])
def test_more_echo_is_more_repeats(amount, repeats):
    made = effect(material([(0.0, 0.25, 60, 100)]), "echo", amount)
    assert len(made.notes) == 1 + repeats


def test_an_arpeggio_rises_and_ends_when_the_chord_did():
    made = effect(CHORD, "arpeggio", 1.0)
    assert made.notes["pitch"].tolist() == [60, 64, 67]
    assert made.notes["onset"].tolist() == pytest.approx([0.0, 0.25, 0.5])
    assert (made.notes["onset"] + made.notes["duration"]).tolist() == pytest.approx([1.0] * 3)


def test_humanise_keeps_within_its_room_and_does_the_same_to_the_same_note():
    made = effect(LINE, "humanise", 0.5, extra=120.0)
    moved = made.notes["onset"] - LINE.notes["onset"]
    assert np.abs(moved).max() <= 0.5 * 0.030 * 2
    assert np.abs(moved).max() > 0.005
    fewer = effect(LINE.only(np.arange(16) % 2 == 0), "humanise", 0.5, extra=120.0)
    assert np.isin(fewer.notes, made.notes).all()


@pytest.mark.parametrize("amount", [0.25, 0.5, 0.8, 1.0])
def test_swing_comes_out_as_asked_by_the_analyser(amount):
    extra = swing_bend(LINE, LINE.mask(None), amount)
    made = effect(LINE, "swing", amount, extra=extra)
    assert swing_of(made)[0] == pytest.approx(1 + amount, abs=0.02)
    on_beat = LINE.notes["onset"] % 1 == 0
    assert np.array_equal(made.notes["onset"][on_beat], LINE.notes["onset"][on_beat])


def test_staccato_shortens_and_lifts_the_pedal_for_the_whole_loop_only():
    made = effect(LINE, "staccato", 1.0)
    assert made.notes["duration"].tolist() == pytest.approx([0.075] * 16)
    assert made.pedals["value"].tolist() == [0]
    two = material([(0.0, 1.0, 40, 80), (0.0, 1.0, 70, 80)], [0, 2])
    part = effect(two, "staccato", 1.0, "melody")
    assert part.notes["duration"].tolist() == pytest.approx([1.0, 0.3])
    assert part.pedals["value"].tolist() == [127]


def test_full_legato_reaches_the_next_note_of_its_layer_round_the_loop():
    made = effect(LINE, "legato", 0.8)
    assert made.notes["duration"].tolist() == pytest.approx([0.5] * 16)
    assert gaps(np.array([0.0, 1.0, 5.0]), 8.0).tolist() == [1.0, 4.0, 3.0]


def test_a_bass_is_doubled_below_and_a_melody_above_where_there_are_keys():
    two = material([(0.0, 1.0, 40, 80), (0.0, 1.0, 70, 80), (1.0, 1.0, 25, 80)], [0, 2, 0])
    made = effect(two, "octave_double", 1.0)
    assert sorted(made.notes["pitch"].tolist()) == [25, 28, 40, 70, 82]


@pytest.mark.parametrize("name", sorted(EFFECTS))
def test_a_layer_alone_is_touched_where_one_is_named(name):
    rows = [(i / 2, 0.25, 40 + i % 3, 80) for i in range(16)]
    rows += [(i / 2, 0.2, 70 + i % 5, 80) for i in range(16)]
    both = material(rows, [int(p >= 60) * 2 for p in note_array(rows)["pitch"]])
    extra = swing_bend(both, both.mask("melody"), 0.5) if name == "swing" else 100.0
    made = effect(both, name, 0.5, "melody", extra)
    old, new = (one.only((one.layers & 7) == 0).notes for one in (both, made))
    assert np.array_equal(old, new)


def test_thinning_leaves_the_downbeat_to_the_last():
    made = apply_edits(LINE, [{"op": "thin", "layer": None, "strokes": 14}], None)
    assert made.notes["onset"].tolist() == [0.0, 4.0]


def test_an_unknown_operation_is_an_error():
    with pytest.raises(EditFaultError, match="fly"):
        apply_edits(LINE, [{"op": "fly"}], None)
    assert set(OPERATIONS) == {"transpose", "velocity", "drop", "thin", "swap", "add", "effect"}


VALUES = st.none() | st.integers(-9, 9) | st.floats(-4, 4) | st.sampled_from(["bass", "seed", "x"])
NAMES = ("layer", "scale", "semitones", "strokes", "effect", "amount", "source", "beats", "voice")


@given(
    st.sampled_from([*OPERATIONS, "fly"]),
    st.dictionaries(st.sampled_from(NAMES), VALUES | st.lists(VALUES, max_size=3)),
)
def test_whatever_stands_in_provenance_it_is_notes_or_one_kind_of_error(shelf, op, rest):
    try:
        made = apply_edits(shelf.of_row(3), [{"op": op, **rest}], shelf)
    except (EditFaultError, ModelError, CorpusError):
        return
    assert len(made.notes) == len(made.layers)


def test_what_is_measured_is_what_the_corpus_has_in_its_columns(shelf):
    columns = {
        "density": "onset_density", "dynamics": "mean_velocity", "register": "mean_pitch",
        "articulation": "articulation", "swing": "swing_ratio",
    }  # fmt: skip
    for row in range(0, len(shelf.segments), 7):
        found = measure(shelf.of_row(row), shelf.bpm_of(row), shelf.key_of(row))
        for name, column in columns.items():
            assert found[name] == pytest.approx(float(shelf.segments[column][row]), rel=1e-3), name
    assert set(columns.values()) <= set(RANKED)


def test_a_key_is_believed_until_the_notes_contradict_it():
    scale = material([(i / 2, 0.5, 60 + p, 80) for i, p in enumerate((0, 2, 4, 5, 7, 9, 11, 12))])
    assert measure(scale, 100.0, parse_key("C major"))["key"] == "C major"
    assert measure(scale, 100.0, parse_key("A minor"))["key"] == "A minor"
    far = measure(scale, 100.0, parse_key("F# major"))["key"]
    assert far in ("F# major", "C major")


def test_density_counts_a_chord_once():
    assert density(CHORD) == 1 / 8
