import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
from support.music import make_bundle, phrase

from appliance.bench.groove import hall, listening
from appliance.bench.groove.listening import (
    DEAF,
    DENSE,
    LOUD,
    MEASURES,
    STOPPING,
    Claim,
    Stand,
    claims,
    figures,
    measure,
    sign_test,
    stand_on,
    unheeding,
)
from appliance.bench.groove.scripted import BAR, Mover, Script, concert
from appliance.policies import Groove
from appliance.settings import Settings
from corpus.cutting.segment import Segment
from corpus.keeping.bundle import Bundle
from models.notes import Phrase, note_array, pedal_array

SCALES = ([0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10], [0, 3, 5, 6, 7, 10], [0, 2, 4, 6, 8, 10])
PAIRS, LOOPS = 2, 15


def pieces(count: int = 80) -> Iterator[Segment]:
    """Phrases whose density, level, register and harmony have nothing to do with one another."""
    rng = np.random.default_rng(11)
    for number in range(count):
        scale = SCALES[int(rng.integers(len(SCALES)))]
        rate, root = int(rng.choice([1, 2, 4])), int(rng.integers(36, 66))
        velocity = int(rng.integers(50, 100))
        steps = rng.integers(len(scale), size=8 * rate)
        rows = [
            (index / rate, 0.8 / rate, root + scale[step], velocity)
            for index, step in enumerate(steps.tolist())
        ]
        notes = note_array(rows)
        cut = Phrase(notes, pedal_array([(0.0, 64, 0)]), 8.0, 120.0, 4.0)
        yield Segment(f"take{number // 4}", 8.0 * (number % 4), cut)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    bundle = make_bundle(tmp_path_factory.mktemp("corpus") / "unrelated", list(pieces()))
    return stand_on(bundle, phrase(48, [0, 4, 7, 9, 12, 9, 7, 4]))


@pytest.fixture(scope="module")
def plain(stand: Stand) -> Any:
    return unheeding(stand, PAIRS, LOOPS)


def claim(stand: Stand, habit: str, player: str) -> Claim:
    (found,) = [one for one in claims(stand) if (one.habit, one.player.name) == (habit, player)]
    return found


def moves_its_own(stand: Stand, tried: Claim, found: Any) -> None:
    for names, sign in ((tried.up, 1), (tried.down, -1)):
        for name in names:
            assert sign * found["measures"][name]["effect"] >= listening.EFFECT, name


@pytest.mark.parametrize(
    ("habit", "player"),
    [
        ("level", "soft"),
        ("match", "dense"),
        ("complement", "dense"),
        ("room", "low"),
        ("freedom", "stops"),
        ("stillness", "dense"),
    ],
)
def test_each_habit_moves_its_own_measure(
    stand: Stand, plain: Any, habit: str, player: str
) -> None:
    """The short form: too few pairs to be sure, but the right way and by as much as asked."""
    tried = claim(stand, habit, player)
    moves_its_own(stand, tried, measure(stand, tried, plain))


def test_the_level_changes_nothing_but_the_level(stand: Stand, plain: Any) -> None:
    found = measure(stand, claim(stand, "level", "loud"), plain)["measures"]
    assert {name for name in MEASURES if found[name]["effect"] != 0} == {"velocity"}


@pytest.fixture(scope="module")
def forty(stand: Stand) -> Any:
    return unheeding(stand, 40, 32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("habit", "player"),
    [
        ("level", "loud"),
        ("level", "soft"),
        ("match", "dense"),
        ("match", "sparse"),
        ("complement", "dense"),
        ("complement", "sparse"),
        ("room", "low"),
        ("room", "high"),
        ("harmony", "black keys"),
        ("freedom", "stops"),
        ("stillness", "dense"),
        ("tracking", "there"),
        ("tracking", "back"),
    ],
)
def test_no_habit_does_anything_else(stand: Stand, forty: Any, habit: str, player: str) -> None:
    """The long form, on a corpus in which nothing goes with anything."""
    tried = claim(stand, habit, player)
    found = measure(stand, tried, forty)
    moves_its_own(stand, tried, found)
    assert found["works"], tried
    assert found["beyond"] == [], tried


def test_every_habit_has_players_and_every_weight_is_a_habit(stand: Stand) -> None:
    habits = {one.habit for one in claims(stand)}
    assert habits == {"level", *DEAF}
    assert set(DEAF) <= {name for name in Groove.__dataclass_fields__ if not name.startswith("_")}
    for one in claims(stand):
        assert set(one.up + one.down + one.free) <= set(MEASURES)


def test_the_sign_test_is_that_of_a_fair_coin() -> None:
    assert sign_test(20, 0) == sign_test(0, 20) == 2 / 2**20
    assert sign_test(10, 10) == 1.0
    assert sign_test(0, 0) == 1.0
    assert sign_test(15, 5) == pytest.approx(0.04139, abs=1e-5)


def test_nobody_heeded_is_nobody_there(stand: Stand, plain: Any) -> None:
    for player in (LOUD, DENSE, STOPPING):
        settings = Settings(rng=1, dynamics=listening.Dynamics(follow=0.0))
        lines = concert(
            stand.bundle,
            settings,
            Groove(**DEAF),
            stand.seed,
            stand.found,
            player,
            LOOPS,
            stand.embed,
        )
        assert lines == plain[1]


def test_figures_are_those_of_the_notes(stand: Stand) -> None:
    row = 7
    source = stand.bundle.phrase(row)
    line = {
        "source": str(stand.bundle.segments["id"][row]),
        "transpose": 2,
        "velocity_scale": 0.5,
        "similarity": 0.75,
    }
    other = line | {"source": str(stand.bundle.segments["id"][8])}
    seed = line | {"source": "seed"}
    found = figures(stand, Script("one", (60,)), [seed, other, line, line, seed], 1)
    pitch = source.notes["pitch"].astype(int) + 2
    assert found["new"].tolist() == [1, 1, 0]
    assert found["repeats"].tolist() == [0, 0, 1]
    assert found["step"].tolist() == [0.25] * 3
    assert found["velocity"][1] == pytest.approx(source.notes["velocity"].mean() / 2)
    assert found["density"][1] == len(source.notes) / 8
    assert found["register"][1] == pytest.approx(pitch.mean())
    assert found["crowding"][1] == pytest.approx((pitch == 60).mean())
    assert found["shared"][1] == pytest.approx((pitch % 12 == 0).mean())


def test_scripts_play_what_they_say() -> None:
    script = Script("some", (60, 62, 64), density=1.5, velocity=33)
    first, second = islice(script.bars(), 2)
    assert len(first) == len(second) == 12
    assert first["pitch"].tolist()[:5] == [60, 62, 64, 62, 60]
    assert set(first["velocity"].tolist()) == {33}
    assert first["onset"].max() < BAR


def test_a_mover_goes_from_one_phrase_to_another() -> None:
    source, target = phrase(36), phrase(60)
    bars = list(islice(Mover("there", source, target, bars_long=4).bars(), 6))
    moved = [int((notes["pitch"] >= 60).sum()) for notes in bars]
    assert moved == [4, 8, 12, 16, 0, 0]
    assert [len(notes) for notes in bars[4:]] == [0, 0]


def test_a_claim_measured_again_is_the_same(stand: Stand, plain: Any) -> None:
    tried = claim(stand, "tracking", "there")
    once, again = (measure(stand, tried, plain[:1]) for _ in range(2))
    assert once == again


def test_figures_can_be_written_as_json(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = listening.claims
    monkeypatch.setattr(listening, "claims", lambda *about: everything(*about)[:2])
    concerts = hall.Hall(bundle.path, phrase(40), pairs=2, loops=10)
    found = hall.listening_figures(concerts)
    assert [one["player"] for one in found["claims"]] == ["loud", "soft"]
    assert found["held"] == sum(one["works"] and not one["beyond"] for one in found["claims"])
    assert json.loads(json.dumps(found)) == found
    shares = [hall.claim_figures(concerts, first, 2) for first in range(2)]
    assert [len(one) for one in shares] == [1, 1]
    assert hall.together(concerts, shares) == found


def test_players_who_need_room_play_where_the_groove_plays(stand: Stand) -> None:
    low, high = (claim(stand, "room", name).player for name in ("low", "high"))
    assert isinstance(low, Script)
    assert isinstance(high, Script)
    pitches = [
        float(stand.bundle.phrase(int(near["segment"])).notes["pitch"].mean() + near["transpose"])
        for near in stand.found.nearest[:16]
    ]
    assert min(pitches) - 18 < np.mean(low.pitches) < np.mean(pitches)
    assert np.mean(pitches) < np.mean(high.pitches) < max(pitches) + 18


def test_what_goes_with_the_own_measure_is_told_apart() -> None:
    rng = np.random.default_rng(3)

    def session(denser: float, louder: float) -> dict[str, Any]:
        density = rng.normal(size=400) + denser
        others = {name: rng.normal(size=400) for name in MEASURES}
        coupled = {"density": density, "velocity": 0.9 * density + 0.4 * rng.normal(size=400)}
        return others | coupled | {"register": rng.normal(size=400) + louder}

    without = [session(0.0, 0.0) for _ in range(6)]
    heeding = [session(1.0, 1.0) for _ in range(6)]
    found = {
        name: listening._compared(
            [(a[name], b[name]) for a, b in zip(without, heeding, strict=True)]
        )
        for name in MEASURES
    }
    alone = listening._uncoupled(without, found, ["density"])
    assert found["velocity"]["effect"] > 0.7
    assert abs(alone["velocity"]) < 0.2
    assert alone["register"] > 0.8
    assert abs(alone["density"]) < 1e-9
