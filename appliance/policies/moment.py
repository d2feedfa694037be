"""What a policy knows, what it answers, and how it remembers."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from appliance.listener import Listening
from appliance.policies.facts import Facts
from corpus.keeping.bundle import Bundle
from corpus.neighbours import TRANSPOSITIONS, Neighbours

SEED = -1  # the row that stands for the seed
REMEMBERED = 16  # loops; none further back is ever decided again

State = TypeVar("State")
Rows = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class SeedLikeness:
    """How alike the seed and any segment are.

    `vectors`, shape (12, d), are those of the seed moved by minus each of TRANSPOSITIONS; `pitch`
    is its mean pitch (MIDI number), by which registers are judged.
    """

    vectors: NDArray[np.float32]
    pitch: float

    def similarity(self, facts: Facts, rows: Rows, semitones: Rows) -> NDArray[np.float32]:
        """To these rows, each transposed by so many semitones."""
        near = (np.asarray(semitones) - TRANSPOSITIONS[0]) % 12
        moved = facts.embeddings[rows].astype(np.float32)
        return np.asarray((moved * self.vectors[near]).sum(axis=1))

    def best(self, facts: Facts, rows: Rows) -> tuple[Rows, NDArray[np.float32]]:
        """The transposition that brings each of these rows nearest, and how near that is."""
        scores = facts.embeddings[rows].astype(np.float32) @ self.vectors.T
        return TRANSPOSITIONS[scores.argmax(axis=1)], np.asarray(scores.max(axis=1))


@dataclass(frozen=True, eq=False)
class Moment:
    """What a policy knows when it chooses loop number `loop`.

    `row` plays before it (or SEED), transposed by `semitones` and entered at its beat `rotate`;
    `nearest` are its neighbours; `heard` holds the rows of the last loops, latest last; with `move`
    an exact repeat is not wanted. `seconds` pass from the first tap to the beginning of the loop.
    `seed` is None where the seed could not be measured, `listening` where nobody is listened to.
    `facts` are shared between the moments of a session. `allowed` says of every row whether it may
    be chosen; None: any.
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
    loop: int = 1
    seconds: float = 0.0
    seed: SeedLikeness | None = None
    listening: Listening | None = None
    facts: Facts = field(default=None)  # type: ignore[assignment]  # made of the bundle
    allowed: NDArray[np.bool_] | None = None

    def without(self, row: int) -> "Moment":
        """The same moment, at which this row may not be chosen either."""
        count = len(self.bundle)
        allowed = np.ones(count, bool) if self.allowed is None else self.allowed.copy()
        allowed[row] = False
        return replace(self, allowed=allowed)

    def __post_init__(self) -> None:
        if self.facts is None:
            object.__setattr__(self, "facts", Facts(self.bundle))

    @property
    def spent(self) -> int:
        """For how many loops it has been what it is."""
        count = 0
        for row in reversed(self.heard):
            if row != self.row:
                break
            count += 1
        return max(1, count)


@dataclass(frozen=True)
class Choice:
    """The next source: a row (or SEED), its transposition, and its similarity to what plays now.

    `why` is one line for the screen and provenance. It begins at its beat `rotate`, where the
    bundle was built to be compared in that way too.
    """

    row: int
    semitones: int
    similarity: float
    why: str
    rotate: int = 0


class Policy(Protocol):
    """One rule; the same moments in the same order and the same generator give the same choices.

    It never raises and never has no answer: where it cannot do what its name says, it does
    something near to it and says so.
    """

    @property
    def name(self) -> str: ...

    def choose(self, moment: Moment, rng: np.random.Generator) -> Choice: ...


class Memory(Generic[State]):
    """What a policy was about at each of its last loops.

    A loop that is decided again starts from what was remembered before it, one that a performer
    held is not counted, and a new take, whose loops count from 1 again, starts from nothing.
    """

    def __init__(self) -> None:
        self._states: OrderedDict[int, State] = OrderedDict()

    def before(self, loop: int) -> State | None:
        for later in [number for number in self._states if number >= loop]:
            del self._states[later]
        return next(reversed(self._states.values()), None)

    def keep(self, loop: int, state: State) -> None:
        self._states[loop] = state
        while len(self._states) > REMEMBERED:
            self._states.popitem(last=False)
