import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.music import make_bundle, phrase, segments

from appliance.errors import ConfigError
from appliance.policy import POLICIES, SEED, Choice, Groove, Moment, fold, make_policy
from corpus.bundle import Bundle
from corpus.segment import Segment


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("corpus") / "forty", segments(40))


def moment(bundle: Bundle, row: int, heard: list[int] | None = None, **more: object) -> Moment:
    known = {"semitones": 0, "bar": 4.0, "bpm": 120.0} | more
    return Moment(bundle, row, nearest=bundle.neighbours[row], heard=heard or [row], **known)  # type: ignore[arg-type]


def walk(bundle: Bundle, loops: int, rng: int = 0) -> list[Choice]:
    generator = np.random.default_rng(rng)
    policy, choices = Groove(), [Choice(0, 0, 1.0, "start")]
    for _ in range(loops):
        heard = [choice.row for choice in choices[-64:]]
        here = moment(bundle, choices[-1].row, heard, semitones=choices[-1].semitones)
        choices.append(policy.choose(here, generator))
    return choices


def test_every_policy_is_deterministic_under_its_seed(forty: Bundle) -> None:
    for name in POLICIES:
        first, again = (
            make_policy(name).choose(moment(forty, 3), np.random.default_rng(5)) for _ in range(2)
        )
        assert first == again
        assert make_policy(name).name == name


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="groove, random, repeat"):
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
        bound = 1 - Groove().largest_step
        if (here.nearest["similarity"] >= bound).sum() > 1:
            for _ in range(20):
                assert Groove().choose(here, generator).similarity >= bound


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
