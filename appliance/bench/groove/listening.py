"""Does the loop listen? Scripted players, with and without each habit, under the same chance.

For every habit there are players who should bring it out. A session in which its weight is 1 is
compared with one in which all weights are 0, pair by pair under the same random seed. Changes are
in standard deviations that a measure has from one loop to another where nobody is heeded (Glass's
delta, 1976), so that they do not depend on how long the sessions are. A habit works where its own
measure moves the right way in a paired sign test (p <= SURE) and by EFFECT at least. It does
nothing else where no other measure moves by more than TOLERANCE, and none by more than its own:
half a deviation is a medium effect (Cohen, 1988), less than two loops differ by anyway. What a
corpus couples with a habit's own measure (its sparse segments are its soft ones) is no doing of the
habit: `alone` is a change without it, by linear regression on the own measures over the loops where
nobody is heeded. A measure moved if it did so both with and without that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.bench.groove.scripted import Mover, Player, Script, concert
from appliance.dynamics import Dynamics
from appliance.events import SeedFound
from appliance.policies import SeedLikeness, make_policy
from appliance.policies.facts import Facts
from appliance.policies.listening import Ears
from appliance.settings import Settings
from corpus.keeping.bundle import Bundle
from corpus.neighbours import in_twelve_keys, nearest_of
from models.embedder import make_embedder
from models.notes import Phrase

SURE = 0.01
EFFECT = 0.25
TOLERANCE = 0.5
SETTLED = 6  # loops after which the player is known and the groove has begun
STOPS = 8  # loops after which a player who stops stops
JOURNEY = 10  # bars from one phrase to another
FAR_SAMPLE = 64  # segments among which the most unlike two are looked for
LEVEL = "level"  # the one habit that is no weight of a policy
DEAF: dict[str, float] = dict.fromkeys(
    (name for name in Ears.__dataclass_fields__ if not name.startswith("_")), 0.0
)

MEASURES = (
    "velocity",
    "density",
    "register",
    "crowding",
    "shared",
    "repeats",
    "new",
    "step",
    "distance",
    "lean",
)

Floats = NDArray[np.float64]
Lines = Sequence[Mapping[str, Any]]

MIDDLE = (67, 69, 71, 72, 74, 76)
FAR_KEY = (66, 68, 70, 73, 75, 78)  # the black keys
LOW, HIGH = 0.1, 0.9  # of the notes round the seed: where a low player plays, and a high one
HAND = (-7, -5, -2, 0, 2, 5)  # semitones round there

LOUD = Script("loud", MIDDLE, velocity=120)
SOFT = Script("soft", MIDDLE, velocity=40)
SPARSE = Script("sparse", MIDDLE, density=0.25)
DENSE = Script("dense", MIDDLE, density=6.0)
ELSEWHERE = Script("black keys", FAR_KEY)
SILENT = Script("nobody", MIDDLE, end=0)
STOPPING = Script("stops", MIDDLE, end=STOPS)


@dataclass(frozen=True)
class Claim:
    """With this player a habit moves the measures in `up` up and those in `down` down; `free` may
    go with them, for they are the same thing seen from elsewhere."""

    habit: str
    player: Player
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    free: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Stand:
    """What all sessions of a corpus share; `ends` are two phrases that are unlike each other."""

    bundle: Bundle
    facts: Facts
    seed: Phrase
    found: SeedFound
    ends: tuple[Phrase, Phrase]
    likeness: tuple[SeedLikeness, SeedLikeness, SeedLikeness]  # of the seed and of the ends

    def embed(self, phrase: Phrase) -> Any:
        return in_twelve_keys(make_embedder(self.bundle.embedder), phrase)


def claims(stand: Stand) -> list[Claim]:
    one, other = stand.ends
    roaming = ("step", "distance", "new")
    there, back = (Mover(*named, bars_long=JOURNEY) for named in _ways(one, other))
    return [
        Claim(LEVEL, LOUD, up=("velocity",)),
        Claim(LEVEL, SOFT, down=("velocity",)),
        Claim("match", DENSE, up=("density",)),
        Claim("match", SPARSE, down=("density",)),
        Claim("complement", DENSE, down=("density",)),
        Claim("complement", SPARSE, up=("density",)),
        Claim("room", _within(stand, "low", LOW), down=("crowding",), free=("register",)),
        Claim("room", _within(stand, "high", HIGH), down=("crowding",), free=("register",)),
        Claim("harmony", ELSEWHERE, up=("shared",)),
        Claim("freedom", STOPPING, up=("distance",), free=roaming),
        Claim("stillness", DENSE, up=("repeats",), down=("step",), free=roaming),
        Claim("tracking", there, up=("lean",)),
        Claim("tracking", back, down=("lean",)),
    ]


def _within(stand: Stand, name: str, share: float) -> Script:
    """A player in the low or the high part of where the groove plays: elsewhere there is room
    anyway."""
    near = stand.found.nearest
    pitches = [
        stand.bundle.phrase(int(one["segment"])).notes["pitch"].astype(int) + int(one["transpose"])
        for one in near
    ]
    middle = round(float(np.quantile(np.concatenate(pitches), share)))
    return Script(name, tuple(middle + step for step in HAND))


def stand_on(bundle: Bundle, seed: Phrase) -> Stand:
    """Compare a seed and find the ends."""
    facts, embedder = Facts(bundle).ready(), make_embedder(bundle.embedder)
    twelve = in_twelve_keys(embedder, seed)
    one, other = _unlike(bundle, facts)
    ends = replace(one, bpm=seed.bpm), replace(other, bpm=seed.bpm)  # as the player plays them
    likeness = [
        SeedLikeness(vectors, float(phrase.notes["pitch"].mean()))
        for phrase, vectors in (
            (seed, twelve),
            *((end, in_twelve_keys(embedder, end)) for end in ends),
        )
    ]
    found = SeedFound(nearest_of(twelve, bundle.embeddings), twelve)
    first, second, third = likeness
    return Stand(bundle, facts, seed, found, ends, (first, second, third))


def unheeding(stand: Stand, seeds: int, loops: int) -> list[Lines]:
    """Sessions in which nobody is heeded: they are the same whoever plays."""
    return [_session(stand, SILENT, 0.0, DEAF, number, loops) for number in range(seeds)]


def measure(stand: Stand, claim: Claim, plain: Sequence[Lines]) -> dict[str, Any]:
    """One claim: each measure without the habit (as it was in `plain`) and with it, and what
    follows."""
    follow = 1.0 if claim.habit == LEVEL else 0.0
    weights = DEAF | ({} if claim.habit == LEVEL else {claim.habit: 1.0})
    first = STOPS + 4 if claim.player is STOPPING else SETTLED
    pairs = []
    for number, without in enumerate(plain):
        heeding = _session(stand, claim.player, follow, weights, number, len(without))
        pairs.append([figures(stand, claim.player, some, first) for some in (without, heeding)])
    found = {name: _compared([(a[name], b[name]) for a, b in pairs]) for name in MEASURES}
    for name, alone in _uncoupled([a for a, _ in pairs], found, claim.up + claim.down).items():
        found[name]["alone"] = alone
    return _judged(claim, found)


def _judged(claim: Claim, found: dict[str, dict[str, float]]) -> dict[str, Any]:
    own = [(name, 1.0) for name in claim.up] + [(name, -1.0) for name in claim.down]
    least = min(found[name]["effect"] * sign for name, sign in own)
    works = least >= EFFECT and all(found[name]["p"] <= SURE for name, _ in own)
    others = set(found) - {name for name, _ in own} - set(claim.free)
    limit = min(TOLERANCE, max(least, 0.0))
    return {
        "habit": claim.habit,
        "player": claim.player.name,
        "own": [name for name, _ in own],
        "works": works,
        "beyond": sorted(name for name in others if _moved(found[name]) > limit),
        "measures": found,
    }


def _moved(figures: Mapping[str, float]) -> float:
    return min(abs(figures["effect"]), abs(figures["alone"]))


def _uncoupled(
    without: Sequence[Mapping[str, Floats]],
    found: Mapping[str, Mapping[str, float]],
    own: Sequence[str],
) -> dict[str, float]:
    """Of each effect what is left when that which goes with the own measures is taken out."""
    loops = np.array([np.concatenate([one[name] for one in without]) for name in MEASURES])
    loops -= loops.mean(axis=1, keepdims=True)
    loops /= np.maximum(loops.std(axis=1, keepdims=True), 1e-9)
    causes = loops[[MEASURES.index(name) for name in own]].T
    slopes = np.linalg.lstsq(causes, loops.T, rcond=None)[0]
    explained = np.array([found[name]["effect"] for name in own]) @ slopes
    return {
        name: found[name]["effect"] - float(part)
        for name, part in zip(MEASURES, explained, strict=True)
    }


def _session(
    stand: Stand,
    player: Player,
    follow: float,
    weights: Mapping[str, float],
    number: int,
    loops: int,
) -> Lines:
    settings = Settings(rng=number, dynamics=Dynamics(follow=follow))
    policy, seed, found = make_policy("groove", weights), stand.seed, stand.found
    return concert(stand.bundle, settings, policy, seed, found, player, loops, stand.embed)


def figures(stand: Stand, player: Player, lines: Lines, first: int) -> dict[str, Floats]:
    """What can be measured, loop by loop from the `first`, from the notes that were looped.

    `crowding`: of a loop's notes, those within the player's range; `shared`: of its sounding time,
    that in the player's pitch classes; `new`: whether it was not heard before; `lean`: how much
    more like the second end than like the first it is; the other names speak for themselves.
    """
    played = np.unique(next(player.bars())["pitch"].astype(int))
    before = [line["source"] for line in lines]
    rows: list[tuple[float, ...]] = []
    for number in range(first, len(lines)):
        line = lines[number]
        row = stand.facts.row(line["source"])
        if row is None:  # the seed's
            continue
        shift, again = int(line["transpose"]), before[number] == before[number - 1]
        new = before[number] not in before[:number]
        close = 1.0 - float(line["similarity"])
        of_notes = _of_notes(stand.bundle.phrase(row), shift, line["velocity_scale"], played)
        rows.append((*of_notes, again, new, close, *_of_vectors(stand, row, shift)))
    columns = np.array(rows, np.float64).T
    return dict(zip(MEASURES, columns, strict=True))


def _of_notes(
    phrase: Phrase, shift: int, scale: float, played: NDArray[np.int64]
) -> tuple[float, ...]:
    pitch, time = phrase.notes["pitch"].astype(int) + shift, phrase.notes["duration"]
    inside = (pitch >= played.min()) & (pitch <= played.max())
    shared = time[np.isin(pitch % 12, played % 12)].sum() / time.sum()
    loud = phrase.notes["velocity"].mean() * scale
    dense = len(phrase.notes) / phrase.beats
    return float(loud), dense, float(pitch.mean()), float(inside.mean()), float(shared)


def _of_vectors(stand: Stand, row: int, shift: int) -> tuple[float, float]:
    """How far from the seed, and how much more like the second end than like the first."""
    place = np.array([row]), np.array([shift])
    seed, one, other = (float(like.similarity(stand.facts, *place)[0]) for like in stand.likeness)
    return 1.0 - seed, other - one


def _compared(pairs: Sequence[tuple[Floats, Floats]]) -> dict[str, float]:
    """Means without and with, the change in deviations of single loops without, and how likely
    chance alone sends it one way at least so often (two-sided sign test over sessions; one that
    did not change is no evidence)."""
    means = np.array([(without.mean(), with_it.mean()) for without, with_it in pairs])
    change = means[:, 1] - means[:, 0]
    spread = float(np.concatenate([without for without, _ in pairs]).std())
    ups, downs = int((change > 1e-12).sum()), int((change < -1e-12).sum())
    return {
        "without": float(means[:, 0].mean()),
        "with": float(means[:, 1].mean()),
        "effect": float(change.mean()) / max(spread, 1e-9),
        "p": sign_test(ups, downs),
    }


def sign_test(ups: int, downs: int) -> float:
    """The chance of so uneven a split, or a more uneven one, of as many fair coins."""
    count = ups + downs
    tail = sum(comb(count, k) for k in range(max(ups, downs), count + 1))
    return min(1.0, 2.0 * float(tail) / 2.0**count)


def _unlike(bundle: Bundle, facts: Facts) -> tuple[Phrase, Phrase]:
    """Two phrases of the corpus that are as unlike as can be found in a sample of it, as they
    stand."""
    sample = facts.sample[:: max(1, len(facts.sample) // FAR_SAMPLE)]
    vectors = facts.embeddings[sample].astype(np.float32)
    one, other = np.unravel_index(int((vectors @ vectors.T).argmin()), (len(sample),) * 2)
    return bundle.phrase(int(sample[one])), bundle.phrase(int(sample[other]))


def _ways(one: Phrase, other: Phrase) -> tuple[tuple[str, Phrase, Phrase], ...]:
    return ("there", one, other), ("back", other, one)
