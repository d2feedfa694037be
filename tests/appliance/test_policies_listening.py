from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import make_bundle, phrase, segments

from appliance.errors import ConfigError
from appliance.listener import Listening, Movement
from appliance.policies import SEED, Groove, Moment, SeedLikeness, make_policy
from appliance.policies.listening import (
    Audition,
    Ears,
    Mood,
    _room,
    apart_from,
    leaning,
    pick,
    softmax,
    tracks,
)
from appliance.policies.weights import Candidates, away
from corpus.cutting.segment import Segment
from corpus.keeping.bundle import Bundle
from corpus.neighbours import TRANSPOSITIONS
from models.notes import Phrase, note_array, pedal_array

DEAF = {
    "match": 0.0,
    "complement": 0.0,
    "room": 0.0,
    "harmony": 0.0,
    "freedom": 0.0,
    "stillness": 0.0,
    "tracking": 0.0,
}


def ears(**weights: float) -> dict[str, Any]:
    return DEAF | weights


def bass(root: int, notes_a_beat: int, pattern: list[int]) -> Phrase:
    step = 1.0 / notes_a_beat
    rows = [
        (index * step, 0.9 * step, root + pattern[index % len(pattern)], 80)
        for index in range(8 * notes_a_beat)
    ]
    return Phrase(note_array(rows), pedal_array([(0.0, 64, 0)]), 8.0, 120.0, 4.0)


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """One harmony after another, each at several densities and in several octaves."""
    patterns = ([0, 4, 7], [0, 3, 7], [0, 2, 7], [0, 5, 7])
    pieces = [
        Segment(f"take{number}", 8.0 * place, bass(root, density, pattern))
        for number, pattern in enumerate(patterns)
        for place, (root, density) in enumerate(
            (root, density) for root in (36, 48, 60) for density in (1, 2, 4)
        )
    ]
    return make_bundle(tmp_path_factory.mktemp("corpus") / "varied", pieces)


def moment(bundle: Bundle, listening: Listening | None, row: int = 4, **more: Any) -> Moment:
    known: dict[str, Any] = {"semitones": 0, "bar": 4.0, "bpm": 120.0, "heard": [row]}
    near = bundle.neighbours[row]
    return Moment(bundle, row, nearest=near, listening=listening, **known | more)


def candidates(bundle: Bundle, listening: Listening) -> Candidates:
    here = moment(bundle, listening)
    near = here.nearest
    return Candidates(here, near, near["transpose"].astype(int))


def player(**more: Any) -> Listening:
    known = {"velocity": 80.0, "density": 2.0, "pitch": 72.0, "spread": 5.0, "presence": 1.0}
    return Listening(**known | {"played": True} | more)


def opinion(bundle: Bundle, weight: str, listening: Listening, by: float = 1.0) -> Any:
    some = candidates(bundle, listening)
    said = Groove(**ears(**{weight: by})).opinions(some, np.zeros(len(some)))
    (values,) = said.values()
    return some, values


def lean(chances: Any, values: Any, by: float, least: float) -> Any:
    """One row, nothing kept."""
    rows = np.array([values])
    return leaning(chances, rows, np.zeros_like(rows), np.array([by]), np.array([least]))[0]


def drawn(of: Any, said: Any) -> float:
    """The mean of what candidates are, after an opinion among equals."""
    return float(softmax(said) @ of)


def choices(bundle: Bundle, groove: Groove, listening: Listening | None, count: int = 200) -> Any:
    """The first decision of so many takes, each with its own chance."""
    return [
        groove.choose(moment(bundle, listening), np.random.default_rng(seed))
        for seed in range(count)
    ]


def test_nobody_is_nothing(varied: Bundle) -> None:
    loud = Groove(**dict.fromkeys(DEAF, 1.0))
    plain = choices(varied, Groove(**DEAF), None)
    for nobody in (None, Listening(), Listening(silence=500.0), player(presence=0.0)):
        assert choices(varied, loud, nobody) == plain
    assert choices(varied, Groove(**DEAF), player(density=9.0, silence=99.0)) == plain


def test_to_match_is_to_like_what_is_as_dense(varied: Bundle) -> None:
    for density, sign in ((8.0, 1), (0.3, -1)):
        for weight, way in (("match", sign), ("complement", -sign)):
            some, said = opinion(varied, weight, player(density=density))
            dense = some.segments["density"].astype(float)
            assert way * (drawn(dense, said) - dense.mean()) > 0.4


def test_opinions_grow_with_their_weight_and_with_presence(varied: Bundle) -> None:
    for weight in ("match", "complement", "room", "harmony"):
        heard = player(classes=np.eye(12)[0], pitch=52.0)
        _, whole = opinion(varied, weight, heard)
        _, half = opinion(varied, weight, heard, by=0.5)
        _, faint = opinion(varied, weight, replace(heard, presence=0.25))
        assert np.ptp(whole) > np.ptp(half) > np.ptp(faint) > 0.1
        assert np.corrcoef(half, faint)[0, 1] > 0.95


def test_an_opinion_leaves_the_distance_from_the_seed(varied: Bundle) -> None:
    """Measured with a seed that is most like the densest."""
    some = candidates(varied, player(density=8.0))
    dense = int(some.segments["density"].argmax())
    vectors = np.tile(varied.embeddings[some.rows[dense]].astype(np.float32), (12, 1))
    near = replace(some.moment, seed=SeedLikeness(vectors, 50.0))
    far = away(Candidates(near, some.near, some.semitones))
    moved = []
    for here in (near, some.moment):
        only = Groove(**ears(match=1.0))
        same = Candidates(here, some.near, some.semitones)
        (said,) = only.opinions(same, np.zeros(len(some))).values()
        assert np.ptp(said) > 0.3
        moved.append(abs(drawn(far, said) - far.mean()) / far.std())
    assert moved[0] < 0.1
    assert moved[1] > 2 * moved[0]


@given(
    st.lists(st.tuples(st.floats(-12, 0), st.floats(-1, 1)), min_size=1, max_size=64),
    st.floats(0.01, 2.0),
)
def test_leaning_moves_the_mean_up_and_is_never_far_away(
    some: list[tuple[float, float]], by: float
) -> None:
    scores, values = np.array(some).T
    chances = softmax(scores)
    after = softmax(scores + lean(chances, values, by, 0.05))
    assert after @ values >= chances @ values - 1e-9
    assert 2.0 * np.arccos(min(1.0, np.sqrt(chances * after).sum())) <= 1.25 * by


def test_leaning_is_by_deviations_whatever_the_scale() -> None:
    rng = np.random.default_rng(5)
    chances, values = softmax(rng.normal(size=200)), rng.normal(size=200)
    spread = np.sqrt(chances @ (values - chances @ values) ** 2)
    for scale in (1.0, 100.0):
        said = lean(chances, scale * values, 0.5, 0.01)
        after = softmax(np.log(chances) + said)
        assert (after @ values - chances @ values) / spread == pytest.approx(0.5, abs=0.1)
    assert lean(chances, 1e-4 * values, 0.5, 0.01) == pytest.approx(0.0, abs=0.02)
    assert lean(chances, np.ones(200), 0.5, 0.01) == pytest.approx(0.0, abs=1e-9)


def test_one_unlikely_candidate_is_not_forced() -> None:
    chances = np.array([0.999, 0.001])
    after = softmax(np.log(chances) + lean(chances, np.array([0.0, 1.0]), 1.0, 0.01))
    assert 0.001 < after[1] < 0.5


def test_what_goes_with_others_is_taken_out() -> None:
    rng = np.random.default_rng(6)
    chances = np.tile(softmax(rng.normal(size=50)), (2, 1))
    values, others = rng.normal(size=(2, 2, 50))
    found = apart_from(chances, 3 * others + values, others)
    assert (chances * found * others).sum(axis=1) == pytest.approx(0.0, abs=1e-9)
    same = apart_from(chances, values, np.zeros((2, 50)))
    assert same == pytest.approx(values - (chances * values).sum(axis=1, keepdims=True))


def test_rows_lean_each_for_itself() -> None:
    rng = np.random.default_rng(7)
    chances, values = softmax(rng.normal(size=40)), rng.normal(size=(3, 40))
    by, least = np.array([0.2, 0.7, 1.5]), np.array([0.01, 0.1, 5.0])
    together = leaning(chances, values, np.zeros((3, 40)), by, least)
    for row in range(3):
        alone = lean(chances, values[row], by[row], least[row])
        assert together[row] == pytest.approx(alone)


def test_what_is_kept_stays_where_it_is_over_a_long_way() -> None:
    rng = np.random.default_rng(8)
    chances, (values, noise) = softmax(rng.normal(size=60)), rng.normal(size=(2, 60))
    other = values**3 + 3 * noise
    rows = np.array([values]), np.array([other])
    said = leaning(chances, *rows, np.array([1.5]), np.array([0.01]))[0]
    after = softmax(np.log(chances) + said)
    spread = np.sqrt(chances @ (other - chances @ other) ** 2)
    assert abs((after - chances) @ other) / spread < 0.1
    assert (after - chances) @ values > 0.3
    plain = softmax(np.log(chances) + lean(chances, values, 1.5, 0.01))
    assert (plain - chances) @ other / spread > 0.3


def test_room_is_left_where_the_player_plays(varied: Bundle) -> None:
    for pitch in (40.0, 52.0, 64.0):
        some, said = opinion(varied, "room", player(pitch=pitch, spread=3.0))
        away = np.abs(some.segments["mean_pitch"] + some.semitones - pitch)
        assert away[said.argmin()] < 7
        assert away[said.argmax()] > 12
    _, nowhere_near = opinion(varied, "room", player(pitch=108.0, spread=2.0))
    assert np.ptp(nowhere_near) < 0.1


def test_room_counts_the_transposition(varied: Bundle) -> None:
    some = candidates(varied, player(pitch=62.0, spread=3.0))
    up = Candidates(some.moment, some.near, some.semitones + 24)
    here, there = (_room(Audition(each), player(pitch=62.0, spread=3.0)) for each in (some, up))
    low = some.segments["mean_pitch"] + some.semitones < 42
    assert low.any()
    assert (here[low] > there[low] + 0.08).all()


def test_harmony_leans_to_what_shares_the_players_notes(varied: Bundle) -> None:
    classes = np.zeros(12)
    classes[[0, 3, 7]] = 1 / 3
    some, said = opinion(varied, "harmony", player(classes=classes))
    best, worst = int(said.argmax()), int(said.argmin())
    shares = []
    for place in (best, worst):
        notes = varied.phrase(int(some.rows[place])).notes
        sounding = (notes["pitch"].astype(int) + int(some.semitones[place])) % 12
        shares.append(np.isin(sounding, [0, 3, 7]).mean())
    assert shares[0] > shares[1]


def test_candidates_are_heard_as_they_would_be_played(varied: Bundle) -> None:
    some = candidates(varied, player())
    assert (some.semitones != 0).any()
    found = Audition(some)
    for place, (row, shift) in enumerate(zip(some.rows, some.semitones, strict=True)):
        expected = np.zeros(12)
        notes = varied.phrase(int(row)).notes
        for _, duration, pitch, _ in notes.tolist():
            expected[(pitch + shift) % 12] += duration
        assert found.classes[place] == pytest.approx(expected)
        pitches = found.notes.pitch[found.notes.owner == place]
        assert pitches.tolist() == (notes["pitch"].astype(int) + shift).tolist()
    nobody = Audition(Candidates(some.moment, some.near[:0], some.semitones[:0]))
    assert nobody.classes.shape == (0, 12)


def test_tracking_adds_the_players_direction_to_the_query(varied: Bundle) -> None:
    dimension = varied.embeddings.shape[1]
    rng = np.random.default_rng(4)
    before, now = rng.normal(size=(2, 12, dimension)).astype(np.float32)
    some, said = opinion(varied, "tracking", player(moved=Movement(before, now)))
    gain = [
        float(varied.embeddings[row].astype(np.float32) @ (now - before)[key])
        for row, key in zip(some.rows, (some.semitones - TRANSPOSITIONS[0]) % 12, strict=True)
    ]
    assert np.corrcoef(gain, said)[0, 1] == pytest.approx(1.0, abs=1e-4)
    _, still = opinion(varied, "tracking", player(moved=Movement(now, now)))
    assert still == pytest.approx(0.0)
    _, unknown = opinion(varied, "tracking", player())
    assert (unknown == 0).all()


def test_silence_lets_out_by_and_by_and_only_after_playing() -> None:
    def let_out(bars: float, played: bool = True) -> float:
        heard = Listening(silence=4.0 * bars, played=played)
        here = moment_of_nothing(heard)
        return Groove(**ears(freedom=0.5)).mood(here).let_out

    assert [let_out(bars) for bars in (0, 1, 2)] == [0, 0, 0]
    assert 0 < let_out(3) < let_out(5) < let_out(6) == let_out(600) == 0.5
    assert let_out(600, played=False) == 0


def test_dense_playing_holds_still() -> None:
    def still(density: float, presence: float = 1.0) -> float:
        here = moment_of_nothing(player(density=density, presence=presence))
        return Groove(**ears(stillness=0.5)).mood(here).still

    assert still(1.5) == still(2.0) == 0
    assert 0 < still(3.0) < still(4.0) < still(5.0) == still(50.0) == 0.5
    assert still(50.0, presence=0.5) == 0.25


def moment_of_nothing(listening: Listening) -> Moment:
    facts: Any = object()
    nothing: Any = None
    return Moment(nothing, SEED, 0, nothing, [], 4.0, 120.0, listening=listening, facts=facts)


def test_moods_keep_within_what_is_allowed() -> None:
    calm, wild = Mood(still=1.0), Mood(let_out=1.0)
    assert calm.repeats(0.2) > 0.5
    assert calm.repeats(0.9) == 0.9
    assert wild.repeats(0.2) == Mood().repeats(0.2) == 0.2
    assert calm.bound(0.6, 0.98) < 0.6 < wild.bound(0.6, 0.98) < 0.98
    assert wild.bound(0.6, 0.6) == 0.6
    assert calm.temperature(0.2) < 0.2 < wild.temperature(0.2)
    assert 0.5 < wild.length(0.3) < 1.0
    assert wild.length(1.0) == 1.0
    assert Mood().length(0.3) == calm.length(0.3) == 0.3


def test_a_dense_player_is_given_repeats(varied: Bundle) -> None:
    dense = player(density=9.0)
    calm = choices(varied, Groove(**ears(stillness=1.0)), dense)
    plain = choices(varied, Groove(**DEAF), dense)
    repeats = [sum(one.row == 4 for one in some) for some in (calm, plain)]
    assert repeats[0] > 2 * repeats[1]
    whys = {one.why for one in calm if one.row == 4}
    assert whys == {"again", "again, as you are busy"}
    assert {one.why for one in plain if one.row == 4} == {"again"}


def test_a_performer_who_wants_to_move_on_is_not_held(varied: Bundle) -> None:
    calm = Groove(**ears(stillness=1.0))
    for seed in range(50):
        here = moment(varied, player(density=20.0), move=True)
        assert calm.choose(here, np.random.default_rng(seed)).row != 4


def test_steps_are_never_larger_than_a_bound_that_was_set(varied: Bundle) -> None:
    wild = Groove(largest_step=0.5, **ears(freedom=1.0))
    here = moment(varied, player(silence=400.0, presence=0.0))
    bound = 1.0 - 0.5 * here.facts.random_step
    assert (here.nearest["similarity"] >= bound).sum() > 3
    for seed in range(100):
        assert wild.choose(here, np.random.default_rng(seed)).similarity >= bound - 1e-6


@pytest.mark.parametrize(
    ("weight", "listening", "words"),
    [
        ("match", player(density=8.0), "as busy as you"),
        ("complement", player(density=8.0), "as busy as you are not"),
        ("room", player(pitch=52.0, spread=3.0), "leaves you room"),
        ("harmony", player(classes=np.eye(12)[3]), "in your notes"),
    ],
)
def test_the_why_says_what_swayed_it(
    varied: Bundle, weight: str, listening: Listening, words: str
) -> None:
    plain = choices(varied, Groove(**DEAF), listening)
    swayed = choices(varied, Groove(**ears(**{weight: 1.0})), listening)
    assert any(one.row != other.row for one, other in zip(plain, swayed, strict=True))
    for one, other in zip(plain, swayed, strict=True):
        assert other.why.endswith(f", {words}") == (one.row != other.row)
        assert len(other.why) <= 60


def test_draws_follow_the_softmax() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=6)
    opinion = rng.normal(size=6)
    count = 20_000
    drawn = np.array([pick(scores, scores, {"so": opinion}, rng) for _ in range(count)])
    chances = np.exp(scores + opinion) / np.exp(scores + opinion).sum()
    found = np.bincount(drawn[:, 0].astype(int), minlength=6) / count
    assert np.abs(found - chances).max() < 5 * np.sqrt(0.25 / count)
    plain = np.array([pick(scores, scores, {}, rng)[0] for _ in range(count)])
    chances = np.exp(scores) / np.exp(scores).sum()
    assert np.abs(np.bincount(plain, minlength=6) / count - chances).max() < 0.018


def test_words_are_given_only_where_a_draw_was_swayed() -> None:
    scores, rng = np.zeros(5), np.random.default_rng(2)
    opinions = {"one": np.array([0.0, 3, 0, 0, 0]), "two": np.array([0.0, 0, 3, 0, 0])}
    for _ in range(300):
        place, words = pick(scores, scores, opinions, rng)
        assert words in {1: ("", "one"), 2: ("", "two")}.get(place, ("",))


def test_the_weights_are_options_like_the_others() -> None:
    policy = make_policy("groove:room=1,freedom=0")
    assert isinstance(policy, Ears)
    assert (policy.room, policy.freedom) == (1.0, 0.0)
    with pytest.raises(ConfigError, match=r"room = 1\.5: a number from 0 to 1"):
        make_policy("groove:room=1.5")


def test_only_who_tracks_asks_for_vectors() -> None:
    assert tracks(Groove(tracking=0.1))
    assert not tracks(Groove(tracking=0.0))
    assert not tracks(make_policy("best"))


def test_a_bundle_that_points_outside_its_notes_stops_nothing(tmp_path: Any) -> None:
    bundle = make_bundle(tmp_path / "small", segments(12))
    broken = np.array(bundle.segments)
    broken["first_note"][3:] = 10**12
    broken["notes"][5] = 2**31 - 1
    spoilt = candidates(replace(bundle, segments=broken), player())
    assert Audition(spoilt).classes.shape == (len(spoilt), 12)


def test_a_corpus_of_one_listens_too(tmp_path: Any) -> None:
    bundle = make_bundle(tmp_path / "one", [Segment("alone", 0.0, phrase(40))])
    loud = Groove(**dict.fromkeys(DEAF, 1.0))
    here = moment(bundle, player(density=9.0), row=0)
    assert loud.choose(here, np.random.default_rng(0)).row == 0
