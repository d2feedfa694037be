"""Policies: the rules that pick the next segment while the current one plays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.errors import ConfigError
from corpus.bundle import Bundle
from corpus.neighbours import Neighbours

SEED = -1  # the row that stands for the seed
LOWEST_KEY, HIGHEST_KEY = 21, 108


@dataclass(frozen=True, eq=False)
class Moment:
    """What a policy knows when it chooses.

    `row` plays now (or SEED), transposed by `semitones` and entered at its beat `rotate`; `nearest`
    are its neighbours; `heard` holds the rows of the last loops, latest last; with `move` an exact
    repeat is not wanted.
    """

    bundle: Bundle
    row: int
    semitones: int
    nearest: Neighbours
    heard: Sequence[int]
    bar: float
    bpm: float
    move: bool = False
    rotate: int = 0


@dataclass(frozen=True)
class Choice:
    """The next source: a row (or SEED), its transposition, and its similarity to what plays now.

    It begins at its beat `rotate`, where the bundle was built to be compared in that way too.
    """

    row: int
    semitones: int
    similarity: float
    why: str
    rotate: int = 0


class Policy(Protocol):
    """One rule; the same moments and the same generator give the same choices."""

    @property
    def name(self) -> str: ...

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice: ...


def stay(moment: Moment, why: str) -> Choice:
    return Choice(moment.row, moment.semitones, 1.0, why, moment.rotate)


@dataclass(frozen=True)
class Groove:
    """Softmax over nearness to what plays now, within bounds, with an exact repeat now and then."""

    name: str = "groove"
    repeat_chance: float = 0.2
    rest: int = 12  # loops before a segment is heard again
    largest_step: float = 0.35  # 1 - similarity
    temperature: float = 0.05  # of similarity
    tempo_spread: float = 0.35  # octaves of tempo change that a phrase bears well

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        if not moment.move and rng.random() < self.repeat_chance:
            return stay(moment, "again")
        candidates = self._candidates(moment)
        if len(candidates) == 0:
            return stay(moment, "nothing else is near")
        weights = np.exp(
            (candidates["similarity"] - candidates["similarity"].max()) / self.temperature
        ) * self._tempo(moment, candidates["segment"])
        chosen = candidates[int(rng.choice(len(candidates), p=weights / weights.sum()))]
        rank = int((moment.nearest["similarity"] > chosen["similarity"]).sum()) + 1
        return _move(moment, chosen, f"near (number {rank})")

    def _candidates(self, moment: Moment) -> Neighbours:
        """The neighbours that fit, within one step and rested, or else within one step, or else
        the nearest."""
        near = moment.nearest[moment.nearest["segment"] != moment.row]
        near = near[_on_keyboard(moment, near)]
        near = near[_same_metre(moment, near["segment"])]
        rest = min(self.rest, len(moment.bundle) // 2)
        rested = ~np.isin(near["segment"], list(moment.heard)[-rest:] if rest else [])
        close = near["similarity"] >= 1.0 - self.largest_step
        for wanted in (close & rested, close):
            if wanted.any():
                chosen: Neighbours = near[wanted]
                return chosen
        nearest: Neighbours = near[:1]
        return nearest

    def _tempo(self, moment: Moment, rows: NDArray[Any]) -> NDArray[Any]:
        octaves = np.log2(moment.bundle.segments["bpm"][rows] / moment.bpm)
        return np.asarray(np.exp(-0.5 * (octaves / self.tempo_spread) ** 2) + 1e-6)


@dataclass(frozen=True)
class Repeat:
    """What plays now, for ever."""

    name: str = "repeat"

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        return stay(moment, "again")


@dataclass(frozen=True)
class Anything:
    """Any segment of the corpus: what a groove is measured against."""

    name: str = "random"

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice:
        row = int(rng.integers(len(moment.bundle)))
        here = moment.nearest[moment.nearest["segment"] == row]
        similarity = float(here["similarity"][0]) if len(here) else self._cosine(moment, row)
        return Choice(row, 0, similarity, "any")

    @staticmethod
    def _cosine(moment: Moment, row: int) -> float:
        if moment.row == SEED:
            return 0.0
        pair = np.asarray(moment.bundle.embeddings[[moment.row, row]], np.float32)
        return float(pair[0] @ pair[1])


POLICIES: dict[str, Callable[[], Policy]] = {
    "groove": Groove,
    "repeat": Repeat,
    "random": Anything,
}


def make_policy(name: str) -> Policy:
    """The policy of that name; ConfigError lists the known ones."""
    if name not in POLICIES:
        raise ConfigError(f"no policy {name!r}; there is {', '.join(sorted(POLICIES))}")
    return POLICIES[name]()


def fold(semitones: int, low: int, high: int) -> int | None:
    """The same transposition within half an octave of none, an octave away where keys run out;
    None where the keyboard has no room for it at all."""
    near = (semitones + 5) % 12 - 5
    for octave in (0, -12, 12):
        if low + near + octave >= LOWEST_KEY and high + near + octave <= HIGHEST_KEY:
            return near + octave
    return None


def _move(moment: Moment, neighbour: Any, why: str) -> Choice:
    row = int(neighbour["segment"])
    segment = moment.bundle.segments[row]
    semitones = moment.semitones + int(neighbour["transpose"])
    folded = fold(semitones, int(segment["low"]), int(segment["high"]))
    assert folded is not None, "candidates fit the keyboard"
    return Choice(row, folded, float(neighbour["similarity"]), why, _turn(moment, neighbour))


def _turn(moment: Moment, neighbour: Any) -> int:
    """The beat at which a neighbour begins; only phrases of one length can go round together."""
    beats = float(moment.bundle.segments["beats"][neighbour["segment"]])
    if moment.row == SEED or moment.bundle.segments["beats"][moment.row] != beats:
        return 0
    return (moment.rotate + int(neighbour["rotate"])) % round(beats)


def _on_keyboard(moment: Moment, near: Neighbours) -> NDArray[np.bool_]:
    """Those that can be transposed without running out of keys."""
    segments = moment.bundle.segments[near["segment"]]
    return np.array(
        [
            fold(moment.semitones + int(shift), int(low), int(high)) is not None
            for shift, low, high in zip(
                near["transpose"], segments["low"], segments["high"], strict=True
            )
        ],
        bool,
    )


def _same_metre(moment: Moment, rows: NDArray[Any]) -> NDArray[np.bool_]:
    """Those in the seed's metre, duple with duple and triple with triple; all where none is."""
    triple = moment.bundle.segments["bar"][rows] % 3 == 0
    same: NDArray[np.bool_] = triple == (moment.bar % 3 == 0)
    return same if same.any() else np.ones(len(rows), bool)
