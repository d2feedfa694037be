"""Clauses matched with the frames of the tasks: every token must have a part, or it is no match."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from appliance.copilot.answers import RefusedError, Step, UnclearError
from appliance.copilot.grammar.tokens import Token
from appliance.copilot.registry import tasks
from appliance.copilot.situation import Situation
from appliance.copilot.task import Frame, Task

ANYWHERE = frozenset(
    ("FILL", "IT", "A", "SET", "CHANGE", "OF", "FEEL", "NOW", "LAYERS", "PLAY", "TO", "IN", "AT",
     "BY", "WITH", "AGAIN")
)  # fmt: skip
"""Concepts that change no meaning beside others."""
ASSIGNMENTS = 400  # that are looked at for one frame; no sentence of a musician has more
TOUCH, PLAIN, MUCH = 0.25, 0.5, 0.8

Part = tuple[str, Any, Token]


@dataclass(frozen=True)
class Clause:
    """A clause as one frame reads it: concepts with their values, in order."""

    parts: tuple[Part, ...]
    around: frozenset[str] = field(default_factory=frozenset)  # concepts that were left aside

    def has(self, concepts: str) -> bool:
        wanted = set(concepts.split("|"))
        return any(name in wanted for name, _, _ in self.parts) or bool(wanted & self.around)

    def count(self, concepts: str) -> int:
        return sum(name in concepts.split("|") for name, _, _ in self.parts)

    def values(self, concepts: str) -> list[Any]:
        wanted = concepts.split("|")
        return [value for name, value, _ in self.parts if name in wanted]

    def value(self, concept: str) -> Any:
        return self.values(concept)[0]

    def number(self, concept: str, default: float | None = None) -> Any:
        """The number said; whole ones as int."""
        said = self.values(concept)
        if not said and default is not None:
            return default
        if len(said) != 1:
            raise UnclearError("which number is meant?")
        return int(said[0]) if float(said[0]).is_integer() else said[0]

    @property
    def flips(self) -> bool:
        """Whether "less" or "too" turns an adjective round."""
        return (self.count("LESS") + self.count("TOO")) % 2 == 1

    @property
    def points(self) -> bool:
        """Whether "it" or "this" is said, not merely "the loop"."""
        return any(name == "IT" and not token.can("LOOP") for name, _, token in self.parts)

    @property
    def compared(self) -> bool:
        return any(token.compared for _, _, token in self.parts)

    def sign(self, concepts: str) -> int:
        """+1 or -1; UnclearError where both are said."""
        said = set(self.values(concepts))
        if len(said) != 1:
            raise UnclearError("up or down, more or less: which?")
        return int(said.pop()) * (-1 if self.flips else 1)

    def word(self, concepts: str, below: str, above: str) -> str:
        return above if self.sign(concepts) > 0 else below

    @property
    def degree(self) -> float:
        """0.25 for a touch, 0.8 for much, else 0.5."""
        much, touch = self.has("MUCH"), self.has("TOUCH")
        if much and touch:
            raise UnclearError("a little or a lot?")
        return MUCH if much else TOUCH if touch else PLAIN


@dataclass(frozen=True)
class Reading:
    """What a clause comes to: steps, or a question, or a refusal; and how much of it counted."""

    steps: tuple[Step, ...] = ()
    ask: str = ""
    refuse: str = ""
    score: float = 0.0
    verb: tuple[Token, ...] = ()


@dataclass(frozen=True)
class _Pattern:
    slots: tuple[tuple[frozenset[str], bool], ...]
    may: frozenset[str]
    many: frozenset[str]

    @classmethod
    def of(cls, frame: Frame) -> "_Pattern":
        slots = []
        for slot in frame.need.split():
            names = slot.removesuffix("+").split("|")
            slots.append((frozenset(names), slot.endswith("+")))
        may = frame.may.split()
        many = frozenset(name[:-1] for name in may if name.endswith("*"))
        return cls(tuple(slots), frozenset(name.rstrip("*") for name in may), many)


@cache
def patterns() -> tuple[tuple[Task, Frame, _Pattern], ...]:
    return tuple(
        (task, frame, _Pattern.of(frame)) for task in tasks().values() for frame in task.frames
    )


def read_clause(tokens: Sequence[Token], situation: Situation) -> Reading | None:
    """The best reading; one that asks where the best ones differ; None where no frame fits."""
    refused = _refused(tokens)
    if refused is not None:
        return refused
    if any(token.can("OR") and not token.can("FILL") for token in tokens):
        return Reading(ask="one or the other: which?", score=1.0)
    found: list[Reading] = []
    for task, frame, pattern in patterns():
        for parts, score in _assignments(tokens, pattern):
            reading = _made(task, frame, tokens, parts, score, situation)
            if reading is not None:
                found.append(reading)
    if not found:
        return None
    best = max(reading.score for reading in found)
    return _agreed([reading for reading in found if reading.score == best])


def _refused(tokens: Sequence[Token]) -> Reading | None:
    lines = {
        "reverb": "MIDI has no such effect; echo, staccato or legato can be had",
        "instrument": "there is only this piano; ask for bass, chords, melody, low or high",
        "gradual": "a change comes at once, as a loop begins; say how much",
        "voice": "there are no voices here, only the artist's own notes",
    }
    for token in tokens:
        if token.can("REFUSE") and all(name in ("REFUSE",) for name, _ in token.readings):
            return Reading(refuse=f"no {token.text}: {lines[token.value('REFUSE')]}", score=9.0)
    return None


def _agreed(readings: Sequence[Reading]) -> Reading:
    steps = {str([step.json() for step in one.steps]): one for one in readings if one.steps}
    if len(steps) == 1 and all(one.steps or one.refuse for one in readings):
        return next(iter(steps.values()))
    if not steps:
        return readings[0]
    said = " or ".join(sorted(one.steps[0].task for one in readings if one.steps))
    return Reading(ask=f"that can be taken in more than one way ({said}); say more", score=1.0)


def _made(
    task: Task,
    frame: Frame,
    tokens: Sequence[Token],
    parts: tuple[Part, ...],
    score: float,
    situation: Situation,
) -> Reading | None:
    used = {id(token) for _, _, token in parts}
    aside = frozenset(name for t in tokens if id(t) not in used for name, _ in t.readings)
    clause = Clause(parts, aside & {"IT"})
    try:
        made = frame.make(clause, situation)
    except UnclearError as error:
        return Reading(ask=str(error), score=score, verb=tuple(tokens))
    except RefusedError as error:
        return Reading(refuse=str(error), score=score, verb=tuple(tokens))
    if made is None:
        return None
    sets: list[Mapping[str, Any]] = made if isinstance(made, list) else [made]
    steps = tuple(Step(task.name, args) for args in sets)
    return Reading(steps, score=score, verb=tuple(tokens))


def _assignments(
    tokens: Sequence[Token], pattern: _Pattern
) -> Iterator[tuple[tuple[Part, ...], float]]:
    """Every way to give each token a part, with the share of tokens that counted."""
    options: list[list[tuple[int, Part | None]]] = []
    for token in tokens:
        some = _options(token, pattern)
        if not some:
            return
        options.append(some)
    left = [ASSIGNMENTS]

    def go(
        place: int, parts: tuple[Part, ...], filled: tuple[int, ...]
    ) -> Iterator[tuple[tuple[Part, ...], float]]:
        left[0] -= 1
        if left[0] < 0:
            return
        if place == len(tokens):
            if len(set(filled)) == len(pattern.slots):
                yield parts, _weight(parts) + 0.1 * len(pattern.slots)
            return
        for slot, part in options[place]:
            if part is None:
                yield from go(place + 1, parts, filled)
            elif slot >= 0:
                if slot not in filled or pattern.slots[slot][1]:
                    yield from go(place + 1, (*parts, part), (*filled, slot))
            elif part[0] in pattern.many or part[0] not in [name for name, _, _ in parts]:
                yield from go(place + 1, (*parts, part), filled)

    yield from go(0, (), ())


def _weight(parts: Sequence[Part]) -> float:
    """How many tokens count; a little for those that mean nothing by themselves."""
    return sum(0.05 if name in ANYWHERE else 1.0 for name, _, _ in parts)


def _options(token: Token, pattern: _Pattern) -> list[tuple[int, Part | None]]:
    found: list[tuple[int, Part | None]] = []
    repeated = {name for names, many in pattern.slots if many for name in names}
    for name, value in token.readings:
        part = (name, value, token)
        found += [(slot, part) for slot, (names, _) in enumerate(pattern.slots) if name in names]
        if name in pattern.may and name not in repeated:
            found.append((-1, part))
    if any(name in ANYWHERE for name, _ in token.readings):
        found.append((-1, None))
    return found
