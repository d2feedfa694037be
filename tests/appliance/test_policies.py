import itertools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import make_bundle, phrase, segments
from support.walking import moment_after, start_from
from support.walking import walk as go

from appliance.errors import ConfigError
from appliance.policies import POLICIES, SEED, Choice, Groove, Moment, Policy, make_policy
from appliance.policies.steps import fold
from corpus.cutting.segment import Segment
from corpus.keeping.bundle import Bundle


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("corpus") / "forty", segments(40))


def moment(bundle: Bundle, row: int, heard: list[int] | None = None, **more: object) -> Moment:
    known = {"semitones": 0, "bar": 4.0, "bpm": 120.0} | more
    return Moment(bundle, row, nearest=bundle.neighbours[row], heard=heard or [row], **known)  # type: ignore[arg-type]


def make(bundle: Bundle, name: str) -> Policy:
    """With what it cannot do without."""
    ids = [str(one) for one in bundle.segments["id"]]
    listed = bundle.path.parent / "list.txt"
    listed.write_text("\n".join(ids[::3]))
    given = {"playlist": {"file": str(listed)}, "trip": {"waypoints": f"5 loops {ids[-1]}"}}
    return make_policy(name, given.get(name))


def walk(bundle: Bundle, loops: int, rng: int = 0) -> list[Choice]:
    generator = np.random.default_rng(rng)
    policy, choices = Groove(), [Choice(0, 0, 1.0, "start")]
    for _ in range(loops):
        heard = [choice.row for choice in choices[-64:]]
        here = moment(bundle, choices[-1].row, heard, semitones=choices[-1].semitones)
        here = replace(here, loop=len(choices))
        choices.append(policy.choose(here, generator))
    return choices


def test_every_policy_is_deterministic_under_its_seed(forty: Bundle) -> None:
    for name in POLICIES:
        first, again = (
            make(forty, name).choose(moment(forty, 3), np.random.default_rng(5)) for _ in range(2)
        )
        assert first == again
        assert make(forty, name).name == name


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="groove, playlist, probabilities, random, repeat"):
        make_policy("waltz")


def test_groove_repeats_now_and_then(forty: Bundle) -> None:
    choices = walk(forty, 600)
    repeats = sum(a.row == b.row for a, b in itertools.pairwise(choices)) / 600
    assert 0.15 < repeats < 0.25


def test_groove_prefers_what_is_near(forty: Bundle) -> None:
    near = [choice.similarity for choice in walk(forty, 300)]
    rng = np.random.default_rng(0)
    anything = [
        make_policy("random").choose(moment(forty, int(rng.integers(40))), rng).similarity
        for _ in range(300)
    ]
    assert np.mean(near) > np.mean(anything) + 0.1


def test_no_step_is_larger_than_its_bound_while_something_is_near(forty: Bundle) -> None:
    generator = np.random.default_rng(1)
    for row in range(40):
        here = moment(forty, row)
        bound = 1 - 0.6 * here.facts.random_step
        if (here.nearest["similarity"] >= bound).sum() > 1:
            for _ in range(20):
                assert Groove(largest_step=0.6).choose(here, generator).similarity >= bound


def test_what_was_heard_lately_rests(forty: Bundle) -> None:
    choices = [choice.row for choice in walk(forty, 400)]
    moves = [b for a, b in itertools.pairwise(choices) if a != b]
    for index in range(6, len(moves)):
        assert moves[index] not in moves[index - 5 : index]


def test_groove_is_not_trapped_between_two_neighbours(forty: Bundle) -> None:
    heard = Counter(choice.row for choice in walk(forty, 600))
    assert len(heard) >= 20


def test_with_move_an_exact_repeat_is_never_chosen(forty: Bundle) -> None:
    eager = Groove(repeat_chance=1.0)
    for seed in range(50):
        chosen = eager.choose(moment(forty, 7, move=True), np.random.default_rng(seed))
        assert chosen.row != 7


def test_the_metre_of_the_seed_is_kept_where_the_corpus_has_it(tmp_path: Path) -> None:
    waltzes = [
        Segment("waltz", 6.0 * i, phrase(36 + i, [0, 7, 12], beats=6.0, bar=3.0)) for i in range(4)
    ]
    bundle = make_bundle(tmp_path / "mixed", [*segments(8), *waltzes])
    for seed in range(40):
        rng = np.random.default_rng(seed)
        chosen = Groove().choose(moment(bundle, 0, bar=3.0, move=True), rng)
        assert bundle.segments["bar"][chosen.row] == 3.0


def test_transpositions_follow_each_other(forty: Bundle) -> None:
    policy, here = Groove(), moment(forty, 0, semitones=5, move=True)
    chosen = policy.choose(here, np.random.default_rng(0))
    (row,) = here.nearest[here.nearest["segment"] == chosen.row]
    assert (chosen.semitones - 5 - int(row["transpose"])) % 12 == 0


def test_alone_in_the_corpus_it_repeats(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "one", segments(1))
    chosen = Groove().choose(moment(bundle, 0, move=True), np.random.default_rng(0))
    assert chosen.row == 0


def test_random_needs_no_neighbourhood(forty: Bundle) -> None:
    here = Moment(forty, SEED, 0, forty.neighbours[0][:0], [SEED], 4.0, 120.0)
    rng = np.random.default_rng(0)
    rows = {make_policy("random").choose(here, rng).row for _ in range(300)}
    assert len(rows) > 30


@given(st.integers(-60, 60), st.integers(21, 108), st.integers(0, 40))
def test_folding_keeps_the_key_and_the_keyboard(semitones: int, low: int, span: int) -> None:
    high = min(108, low + span)
    folded = fold(semitones, low, high)
    assert folded is not None
    assert low + folded >= 21
    assert high + folded <= 108
    assert (folded - semitones) % 12 == 0


def test_a_phrase_over_the_whole_keyboard_stays_where_it_is() -> None:
    assert fold(0, 21, 108) == 0
    assert fold(3, 21, 108) is None


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", POLICIES)
def test_a_tiny_corpus_never_silences_a_policy(tmp_path: Path, name: str, count: int) -> None:
    bundle = make_bundle(tmp_path / "tiny", segments(count))
    start, policy = start_from(bundle, phrase(40)), make(bundle, name)
    for choice in go(start, policy, 40):
        assert -1 <= choice.row < count
        assert choice.why
        assert len(choice.why) <= 60


@pytest.mark.parametrize("name", POLICIES)
def test_a_seed_in_a_metre_that_the_corpus_lacks(forty: Bundle, name: str) -> None:
    waltz = phrase(36, [0, 7, 12], beats=6.0, bar=3.0)
    rows = {choice.row for choice in go(start_from(forty, waltz), make(forty, name), 30)}
    assert rows - {SEED} or name == "repeat"


@pytest.mark.parametrize("name", POLICIES)
def test_a_seed_that_was_never_measured(forty: Bundle, name: str) -> None:
    policy = make(forty, name)
    rng = np.random.default_rng(0)
    nothing = Moment(forty, SEED, 0, forty.neighbours[0][:0], [SEED], 4.0, 120.0, loop=1)
    assert policy.choose(nothing, rng).why
    assert policy.choose(moment(forty, 3, loop=2), rng).why


def test_policies_of_the_default_sort_can_leave_the_keyboard_range_alone(forty: Bundle) -> None:
    for name in POLICIES:
        for choice in go(start_from(forty, phrase(60)), make(forty, name), 60):
            if choice.row != SEED:
                segment = forty.segments[choice.row]
                assert int(segment["low"]) + choice.semitones >= 21
                assert int(segment["high"]) + choice.semitones <= 108


def test_a_decision_made_again_is_made_from_the_same_place(forty: Bundle) -> None:
    for name in ("easy", "graph", "playlist", "trip", "groove"):
        start = start_from(forty, phrase(40))
        once, twice = make(forty, name), make(forty, name)
        ones, others = [Choice(SEED, 0, 1.0, "")], [Choice(SEED, 0, 1.0, "")]
        for loop in range(30):
            ones.append(once.choose(moment_after(start, ones), np.random.default_rng(loop)))
            here = moment_after(start, others)
            for _ in range(3):
                again = twice.choose(here, np.random.default_rng(loop))
            others.append(again)
        if name != "trip":  # its search has gone further by then
            assert [one.row for one in ones] == [one.row for one in others]
        assert len(others) == len(ones)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("groove:adventure=2", "adventure = 2: a number from 0 to 1"),
        ("groove:leash=long", "leash = long: a number from 0 to 1"),
        ("groove:speed=1", "no option 'speed'; there is adventure, leash"),
        ("graph:steps=2.5", "steps = 2.5: a whole number from 1 to 32"),
        ("repeat:x=1", "there is nothing"),
        ("playlist", "give it the file"),
        ("playlist:/no/such/file", "/no/such/file: cannot be read"),
        ("trip", "give it waypoints"),
        ("trip:8 bars home", "not a waypoint"),
        ("trip:8 loops loudness 3", "no attribute 'loudness'; there is"),
    ],
)
def test_an_option_that_makes_no_sense(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as error:
        make_policy(text)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_options_are_read_from_the_name() -> None:
    assert make_policy("groove:adventure=0.7, leash=0.4") == Groove(adventure=0.7, leash=0.4)
    assert make_policy("graph:steps=5") == make_policy("graph", {"steps": 5})


# -- by their names -------------------------------------------------------------------------------


def test_best_is_the_nearest(forty: Bundle) -> None:
    for row in range(40):
        nearest = int(forty.neighbours["segment"][row, 0])
        assert once("best:rest=0", moment(forty, row)).row == nearest
        assert once("best", moment(forty, row, [nearest, row])).row != nearest


def test_timed_hops_hops_when_it_is_time(forty: Bundle) -> None:
    tracks = forty.segments["track"]
    for row in range(40):
        hop = once("timed_hops:every=4", moment(forty, row, loop=8))
        stay = once("timed_hops:every=4", moment(forty, row, loop=9))
        near = [int(one) for one in forty.neighbours["segment"][row]]
        assert hop.row == next(one for one in near if tracks[one] != tracks[row])
        assert stay.row == near[0]


def test_sequential_takes_the_track_as_it_comes(forty: Bundle) -> None:
    """Tracks of four: rows 4 to 7 are one."""
    assert once("sequential", moment(forty, 4)).row == 5
    assert once("sequential", moment(forty, 4, [5, 4])).row == 6
    assert once("sequential", moment(forty, 7)).row == 6
    assert once("sequential", moment(forty, 7, [6, 7])).row == 5
    over = once("sequential", moment(forty, 7, [5, 6, 7]))
    assert forty.segments["track"][over.row] != "take1"
    assert over.why.startswith("track over")


def test_sequential_keeps_the_key(forty: Bundle) -> None:
    assert once("sequential", moment(forty, 4, semitones=3)).semitones == 3


def test_a_hole_in_the_track_is_stepped_over(tmp_path: Path) -> None:
    pieces = [Segment("take", 8.0 * i, phrase(36 + i)) for i in (0, 1, 3, 4)]
    bundle = make_bundle(tmp_path / "holes", pieces)
    assert once("sequential", moment(bundle, 1)).row == 2
    assert bundle.segments["start_beat"][2] == 24.0


def test_easy_walks_in_time_and_then_to_a_new_track(forty: Bundle) -> None:
    choices = go(start_from(forty, phrase(40)), make_policy("easy:neighbours=2"), 60)
    tracks = [str(forty.segments["track"][choice.row]) for choice in choices]
    for before, after, choice in zip(choices, choices[1:], choices[1:], strict=False):
        if choice.why.startswith("next"):
            assert after.row == before.row + 1
        else:
            assert forty.segments["track"][after.row] != forty.segments["track"][before.row]
    runs = [len(list(group)) for _, group in itertools.groupby(tracks)]
    assert max(runs) == 3


@pytest.mark.parametrize(
    ("weight", "model"),
    [("current", 5), ("following", 6), ("after_following", 7), ("preceding", 4)],
)
def test_probabilities_draws_what_is_like_its_model(forty: Bundle, weight: str, model: int) -> None:
    names = ("current", "following", "after_following", "preceding", "before_preceding")
    zero = dict.fromkeys((*names, "other_track"), 0.0)
    chosen = once("probabilities", moment(forty, 5), zero | {weight: 1.0})
    near = [int(row) for row in forty.neighbours["segment"][model] if row != 5]
    assert chosen.row == near[0]


def test_probabilities_are_weights(forty: Bundle) -> None:
    policy = make_policy("probabilities:current=3,following=0,after_following=0,preceding=0")
    why = Counter(
        policy.choose(moment(forty, 5), np.random.default_rng(seed)).why.split()[0]
        for seed in range(300)
    )
    assert 0.9 < why["like"] / 300 < 0.98  # 3 of 3.2
    other = make_policy("probabilities", dict.fromkeys(("current", "following"), 0.0))
    assert {
        other.choose(moment(forty, 4), np.random.default_rng(seed)).why.split()[0]
        for seed in range(60)
    } == {"like", "over", "without"}


def test_playlist_plays_its_list_again_and_names_what_is_missing(
    forty: Bundle, tmp_path: Path
) -> None:
    ids = [str(one) for one in forty.segments["id"]]
    listed = tmp_path / "list.txt"
    listed.write_text(f"# mine\n{ids[7]}\n\nnobody@8  # gone\n{ids[2]}\n")
    choices = go(start_from(forty, phrase(40)), make_policy(f"playlist:{listed}"), 5)
    assert [choice.row for choice in choices] == [7, 2, 7, 2, 7]
    assert choices[1].why == "3 of 3; not here: nobody@8"
    listed.write_text("nobody@8")
    (lost,) = go(start_from(forty, phrase(40)), make_policy(f"playlist:{listed}"), 1)
    assert lost.why.startswith("nothing of the list is here")


def test_a_session_is_played_again_as_it_sounded(forty: Bundle, tmp_path: Path) -> None:
    start = start_from(forty, phrase(40))
    before = go(start, Groove(), 30)
    lines = [
        {"source": "seed", "transpose": 0, "rotate_beats": 0.0},
        *(
            {
                "source": str(forty.segments["id"][one.row]),
                "transpose": one.semitones,
                "rotate_beats": float(one.rotate),
            }
            for one in before
        ),
    ]
    (tmp_path / "provenance.jsonl").write_text("\n".join(map(json.dumps, lines)))
    again = go(start, make_policy(f"playlist:{tmp_path}"), 30)
    assert [(c.row, c.semitones, c.rotate) for c in again] == [
        (c.row, c.semitones, c.rotate) for c in before
    ]


def test_a_list_that_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "provenance.jsonl"
    for text in ("{", '{"source": 1}', "[]", ""):
        broken.write_text(text)
        with pytest.raises(ConfigError, match="provenance"):
            make_policy(f"playlist:{broken}")


def test_graph_goes_to_tracks_not_heard_lately(forty: Bundle) -> None:
    tracks = forty.segments["track"]
    choices = go(start_from(forty, phrase(40)), make_policy("graph:steps=3"), 60)
    arrivals = [number for number, one in enumerate(choices) if one.why.startswith("arrived")]
    assert len(arrivals) >= 10
    for number in arrivals[1:4]:
        assert tracks[choices[number].row] not in {tracks[c.row] for c in choices[: number - 1]}
    assert all(a.row != b.row for a, b in itertools.pairwise(choices))


def test_trip_arrives_on_time(forty: Bundle) -> None:
    ids = [str(one) for one in forty.segments["id"]]
    journey = make_policy(f"trip:6 loops {ids[30]}; 9 loops {ids[5]}; 1 loop {ids[39]}")
    choices = go(start_from(forty, phrase(40)), journey, 20)
    assert [choices[at].row for at in (5, 14, 15)] == [30, 5, 39]


def test_trip_keeps_to_minutes(forty: Bundle) -> None:
    """The walk's loops begin every four seconds."""
    ids = [str(one) for one in forty.segments["id"]]
    choices = go(start_from(forty, phrase(40)), make_policy(f"trip:1 min {ids[20]}"), 30)
    arrived = next(number for number, one in enumerate(choices) if one.row == 20)
    assert 13 <= arrived <= 16


def test_trip_to_an_attribute_and_past_a_place_that_is_not_there(forty: Bundle) -> None:
    words = "4 loops nowhere@0; 6 loops mean_pitch 100%"
    choices = go(start_from(forty, phrase(40)), make_policy(f"trip:{words}"), 8)
    assert "not here: nowhere@0" in choices[0].why
    highest = np.argsort(forty.segments["mean_pitch"])[-8:]
    assert choices[5].row in highest


def test_trip_to_a_label(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "labelled", segments(20))
    table, kinds = np.array(bundle.segments), bundle.segments.dtype
    wide = [(n, "<U9" if n == "labels" else kinds[n]) for n in kinds.names or ()]
    table = table.astype(wide)
    table["labels"][13] = "calm|blue"
    labelled = replace(bundle, segments=table)
    choices = go(start_from(labelled, phrase(40)), make_policy("trip:5 loops label blue"), 5)
    assert choices[4].row == 13


def once(name: str, here: Moment, options: Any = None) -> Choice:
    return make_policy(name, options).choose(here, np.random.default_rng(0))
