"""How long a decision takes, by policy and size of the corpus.

The corpora are vectors in clusters, as in `bench import`, in keys of their own; a neighbour is one
of the same cluster or of the few clusters nearest to it, in the transposition by which the keys
differ. Behind them stand a few dozen short phrases that differ in key, register, tempo, metre and
labels, so that nothing that a policy looks at is always the same.
"""

import gc
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.bench.groove.walk import Start, moment_after, passes
from appliance.bench.neighbours import DIMENSION, turned
from appliance.listener import Listening, Movement
from appliance.policies import POLICIES, SEED, Choice, Policy, SeedLikeness, make_policy, prepare
from appliance.policies.facts import Facts
from corpus.cutting.segment import Segment
from corpus.hearing.describe import Description, describe
from corpus.keeping.bundle import Bundle, Described, open_bundle, write_bundle
from corpus.neighbours import NEIGHBOUR, TRANSPOSITIONS, K, Neighbours, nearest_of
from models.notes import Phrase, note_array, pedal_array

SIZES = (1_000, 10_000, 100_000)
TAKES, LOOPS = 20, 200
RUNS = 3  # of each take; a decision is the same in all of them
LISTENS = "groove, listening"  # to somebody who plays all the time
LIMIT_MS = 1.0  # at the 99th percentile
JOURNEY = 10  # loops between the waypoints of a trip
_CLUSTER, _ROUND = 50, 4  # vectors in a cluster; clusters that are near each other
_SPREAD = 0.7  # of a cluster, to 1 between clusters
_TRACK = 40  # segments of a recording
_PHRASES = 48

Figures = dict[str, Any]
Vectors = NDArray[np.float32]


def decide_figures(
    sizes: Sequence[int] = SIZES, say: Callable[[str], None] = lambda line: None
) -> Figures:
    """For each size each policy's p50_ms, p99_ms and max_ms over TAKES of LOOPS decisions, the
    longest first decision of a take (first_ms), and what preparing takes once a session
    (prepare_ms); `met` says whether the 99th percentile of all keeps to LIMIT_MS.

    These are milliseconds of the deciding thread, of RUNS times the fastest: on a busy machine the
    others are about what other processes do to its caches. wall_p99_ms has all of that, and their
    own time, in it. Each size is measured in a process of its own; a line to `say` after each.
    """
    figures: Figures = {"limit_ms": LIMIT_MS, "takes": TAKES, "loops": LOOPS, "segments": {}}
    for size in sizes:
        command = [sys.executable, "-m", "appliance.bench.decide", str(size)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        figures["segments"][str(size)] = json.loads(done.stdout)
        say(f"{size} segments: {done.stdout.strip()}")
    worst = [one["p99_ms"] for found in figures["segments"].values() for one in found.values()]
    return {**figures, "met": max(worst) <= LIMIT_MS}


def decide_table(figures: Figures) -> str:
    heads = ("p50_ms", "p99_ms", "max_ms", "first_ms", "wall_p99_ms", "prepare_ms")
    lines = [f"{'segments':>9}  {'policy':18}" + "".join(f"{head:>12}" for head in heads)]
    for size, found in figures["segments"].items():
        lines += [
            f"{int(size):>9,}  {name:18}" + "".join(f"{one[head]:>12.3f}" for head in heads)
            for name, one in found.items()
        ]
    return "\n".join(lines)


# -- one corpus -----------------------------------------------------------------------------------


def measure(size: int, takes: int = TAKES, loops: int = LOOPS) -> Figures:
    """The figures of each policy on a corpus of so many segments."""
    with tempfile.TemporaryDirectory(prefix="smartlooper-decide-") as folder:
        write_corpus(Path(folder) / "bundle", size, np.random.default_rng(0))
        bundle = open_bundle(Path(folder) / "bundle")
        facts = Facts(bundle).ready()
        starts = [_start(bundle, facts, number) for number in range(takes)]
        made = {name: _made(name, facts, Path(folder)) for name in POLICIES}
        alone = {name: _timed(make, starts, loops) for name, make in made.items()}
        heard = [_listening(starts, number) for number in range(takes)]
        return alone | {LISTENS: _timed(made["groove"], starts, loops, heard)}


def _timed(
    make: Callable[[], Policy],
    starts: Sequence[Start],
    loops: int,
    heard: Sequence[Listening] | None = None,
) -> Figures:
    gc.collect()
    spent = np.zeros((RUNS, len(starts), loops, 2))
    prepared = []
    for run, number in itertools.product(range(RUNS), range(len(starts))):
        policy, start = make(), starts[number]
        begin = time.thread_time_ns()
        prepare(policy, start.facts)
        prepared.append(time.thread_time_ns() - begin)
        listening = None if heard is None else heard[number]
        spent[run, number] = _take(policy, start, number, loops, listening)
    own, wall = spent[..., 0].min(axis=0), spent[..., 1]
    return {
        "p50_ms": _ms(np.quantile(own, 0.5)),
        "p99_ms": _ms(np.quantile(own, 0.99)),
        "max_ms": _ms(own.max()),
        "first_ms": _ms(own[:, 0].max()),
        "wall_p99_ms": _ms(np.quantile(wall, 0.99)),
        "prepare_ms": _ms(np.median(prepared)),
    }


def _take(
    policy: Policy, start: Start, number: int, loops: int, heard: Listening | None
) -> list[tuple[int, int]]:
    """Nanoseconds of each decision, from the moment's making to the choice: of the thread, and of
    the clock on the wall."""
    choices = [Choice(SEED, 0, 1.0, "the seed")] * passes(policy)
    spent = []
    for loop in range(loops):
        rng = np.random.default_rng([number, loop])
        begin, wall = time.thread_time_ns(), time.perf_counter_ns()
        moment = replace(moment_after(start, choices), listening=heard)
        choice = policy.choose(moment, rng)
        spent.append((time.thread_time_ns() - begin, time.perf_counter_ns() - wall))
        choices.append(choice)
    return spent


def _ms(nanoseconds: Any) -> float:
    return round(float(nanoseconds) / 1e6, 4)


def _made(name: str, facts: Facts, folder: Path) -> Callable[[], Policy]:
    rows = np.random.default_rng(1).permutation(len(facts.segments))
    ids = [str(facts.segments["id"][row]) for row in rows[:LOOPS]]
    if name == "trip":
        journey = "; ".join(f"{JOURNEY} loops {one}" for one in ids[: LOOPS // JOURNEY])
        return lambda: make_policy(f"trip:{journey}")
    if name == "playlist":
        (folder / "list.txt").write_text("\n".join(ids), encoding="utf-8")
        return lambda: make_policy("playlist", {"file": str(folder / "list.txt")})
    return lambda: make_policy(name)


def _start(bundle: Bundle, facts: Facts, number: int) -> Start:
    """A seed near a segment of its own, in another key."""
    rng = np.random.default_rng([2, number])
    row = int(rng.integers(len(facts.segments)))
    seed = facts.embeddings[row : row + 1].astype(np.float32)
    seed = turned(_unit(seed + 0.05 * rng.standard_normal(seed.shape, np.float32)), number)
    twelve = np.concatenate([turned(seed, -int(t)) for t in TRANSPOSITIONS])
    likeness = SeedLikeness(twelve, float(facts.segments["mean_pitch"][row]))
    near = nearest_of(twelve, facts.embeddings)
    bar, bpm = (float(facts.segments[name][row]) for name in ("bar", "bpm"))
    return Start(bundle, facts, likeness, near, bar, bpm, 8 * 60.0 / bpm)


def _listening(starts: Sequence[Start], number: int) -> Listening:
    """Somebody plays, in some pitch classes, and goes from where one take begins to another."""
    rng = np.random.default_rng([3, number])
    before, now = (starts[(number + step) % len(starts)].seed.vectors for step in (0, 1))
    return Listening(
        velocity=80.0,
        density=2.5,
        pitch=60.0,
        spread=6.0,
        classes=rng.dirichlet(np.ones(12)),
        presence=1.0,
        played=True,
        moved=Movement(before, now),
    )


# -- a corpus that is made up ---------------------------------------------------------------------


def write_corpus(out: Path, size: int, rng: np.random.Generator) -> None:
    """A bundle of so many segments."""
    owner = rng.integers(0, max(1, size // _CLUSTER), size)
    centres = rng.standard_normal((int(owner.max()) + 1, DIMENSION), np.float32)
    still = _unit(centres[owner] + _SPREAD * rng.standard_normal((size, DIMENSION), np.float32))
    keys = rng.integers(0, 12, size)
    vectors = still.copy()
    for semitones in range(12):
        vectors[keys == semitones] = turned(still[keys == semitones], semitones)
    facts = {
        "embedder": {"name": "synthetic", "sha256": "0" * 64, "dimension": DIMENSION},
        "tracks": [],
    }
    write_bundle(out, _pieces(size, rng), vectors, _table(still, owner, centres, keys), facts)


def _table(still: Vectors, owner: NDArray[Any], centres: Vectors, keys: NDArray[Any]) -> Neighbours:
    members = [np.flatnonzero(owner == number) for number in range(len(centres))]
    nearest = np.argsort(-(centres @ centres.T), axis=1)[:, :_ROUND]
    k = min(K, min(sum(len(members[one]) for one in row) for row in nearest) - 1)
    table = np.zeros((len(still), k), NEIGHBOUR)
    for number, rows in enumerate(members):
        pool = np.concatenate([members[one] for one in nearest[number]])
        scores = still[rows] @ still[pool].T
        scores[rows[:, np.newaxis] == pool] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        table["segment"][rows] = pool[best]
        table["similarity"][rows] = np.take_along_axis(scores, best, axis=1)
        apart = keys[rows][:, np.newaxis] - keys[pool[best]]
        table["transpose"][rows] = (apart + 5) % 12 - 5
    return table


def _pieces(size: int, rng: np.random.Generator) -> list[Described]:
    phrases = [_phrase(rng) for _ in range(_PHRASES)]
    described: list[tuple[Phrase, Description]] = [(one, describe(one)) for one in phrases]
    chosen = rng.integers(0, _PHRASES, size)
    labels = [("calm",), ("wild", "blue"), ("blue",), ()]
    return [
        Described(
            Segment(f"take{number // _TRACK:05d}", 8.0 * (number % _TRACK), described[one][0]),
            described[one][1],
            labels[number // _TRACK % len(labels)],
        )
        for number, one in enumerate(chosen.tolist())
    ]


def _phrase(rng: np.random.Generator) -> Phrase:
    bar, root = (3.0, 4.0)[int(rng.random() < 0.9)], int(rng.integers(30, 60))
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12])
    rows = [(float(beat), 0.9, root + int(rng.choice(scale)), 80) for beat in range(round(2 * bar))]
    bpm = float(rng.uniform(80, 140))
    return Phrase(note_array(rows), pedal_array([(0.0, 64, 0)]), 2 * bar, bpm, bar)


def _unit(vectors: Vectors) -> Vectors:
    found: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
