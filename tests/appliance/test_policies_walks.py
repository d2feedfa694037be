"""What the groove promises, measured on the demo corpus and on real performances."""

from pathlib import Path

import numpy as np
import pytest
from support.walking import (
    Start,
    distance,
    longest_ping_pong,
    rank_correlation,
    repeats,
    start_from,
    steps,
    walk,
)

from appliance.demo import demo_bundle
from appliance.policies import SEED, Choice, make_policy
from corpus import demo as demo_corpus
from corpus.building.build import BuildSettings, build_bundle
from corpus.keeping.bundle import open_bundle
from corpus.reading.midifile import read_phrase

SEEDS, LOOPS, SETTINGS = 20, 200, 10


@pytest.fixture(scope="module")
def demo() -> Start:
    return start_from(demo_bundle(), read_phrase(demo_corpus.DEFAULT_SEED))


@pytest.fixture(scope="module")
def songs(pop909: Path, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Thirty songs that nothing was tuned on."""
    found = [path for path in sorted(pop909.glob("*.mid")) if int(path.stem) % 10 == 0][:30]
    out = tmp_path_factory.mktemp("songs") / "thirty"
    build_bundle(found, out, BuildSettings("pitch-histogram"))
    return start_from(open_bundle(out), read_phrase(demo_corpus.DEFAULT_SEED))


@pytest.fixture(params=["demo", "songs"])
def start(request: pytest.FixtureRequest) -> Start:
    found: Start = request.getfixturevalue(request.param)
    return found


def walks(start: Start, policy: str, seeds: int = SEEDS) -> list[list[Choice]]:
    return [walk(start, make_policy(policy), LOOPS, seed) for seed in range(seeds)]


def test_groove_makes_small_steps(start: Start) -> None:
    anything = np.concatenate([steps(one) for one in walks(start, "random", 5)])
    grooves = walks(start, "groove")
    for one in grooves:
        rows = np.array([choice.row for choice in one])
        moves = steps(one)[1:][rows[1:] != rows[:-1]]
        assert moves.mean() <= anything.mean() / 2
        assert steps(one)[4:].max() <= np.median(anything)  # the seed may be far from everything
        assert longest_ping_pong(rows) <= 4
    assert 0.1 <= np.mean([repeats(one) for one in grooves]) <= 0.3


@pytest.mark.slow
@pytest.mark.parametrize("option", ["adventure", "leash"])
def test_more_is_farther_and_more_varied(start: Start, option: str) -> None:
    values = np.linspace(0.0 if option == "adventure" else 0.1, 1.0, SETTINGS)
    far, distinct = [], []
    for value in values:
        some = walks(start, f"groove:{option}={value}")
        far.append(float(np.mean([distance(start, one) for one in some])))
        distinct.append(float(np.mean([len({c.row for c in one}) for one in some])))
    assert rank_correlation(far) >= 0.95
    assert rank_correlation(distinct) >= 0.95


def test_the_same_seed_is_the_same_walk(demo: Start) -> None:
    assert walks(demo, "groove", 2) == walks(demo, "groove", 2)
    one, other = walks(demo, "groove", 2)
    assert one != other


@pytest.mark.slow
def test_most_of_a_corpus_is_within_reach(songs: Start) -> None:
    rows = {choice.row for choice in walk(songs, make_policy("groove"), 20_000)}
    assert len(rows - {SEED}) >= 0.6 * len(songs.bundle)


def test_registers_keep_to_the_seed(start: Start) -> None:
    for one in walks(start, "groove", 3):
        rows = np.array([choice.row for choice in one])
        pitch = start.facts.segments["mean_pitch"][rows] + [choice.semitones for choice in one]
        assert np.quantile(np.abs(pitch - start.seed.pitch), 0.9) <= 10.0


@pytest.mark.parametrize("take", ["ballad", "funk"])
def test_the_way_in_is_short(start: Start, take: str) -> None:
    phrase = read_phrase(demo_corpus.FOLDER / "seeds" / f"{take}.mid")
    for approach in (1, 2, 4):
        policy = make_policy("groove", {"approach": approach})
        first = walk(start_from(start.bundle, phrase), policy, 6)
        arrived = [choice.why for choice in first].index("into the groove")
        assert arrived < approach
