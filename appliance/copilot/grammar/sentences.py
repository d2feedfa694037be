"""Sentences: which pieces are clauses of their own, which belong together, which lean on others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from appliance.copilot import lexicon
from appliance.copilot.answers import Answer, RefusedError, Step, UnclearError
from appliance.copilot.grammar.clauses import ANYWHERE, Reading, read_clause
from appliance.copilot.grammar.patterns import joined
from appliance.copilot.grammar.tokens import Token
from appliance.copilot.registry import task_named
from appliance.copilot.situation import Situation

HARD = (
    "then",
    ";",
    ".",
    "!",
    "after that",
    "and then",
    "afterwards",
    "next",
)  # never within a clause
JOIN_COST, LEAN_COST, OWN_COST = 0.3, 0.6, 1.0
ONE_WAY = ("hold", "next", "stop")
ONCE = (*ONE_WAY, "effect", "lock", "unlock", "remove_layer", "status", "describe")
"""Saying these again in one sentence asks for no more of them."""
OPENERS = ("AT", "WITH")  # with these a clause can begin within a piece: "softer at 85 bpm"
VERBS = ("SET", "CHANGE", "PLAY")
MOST_PIECES = 4  # that one clause is put together from
MOST_CLAUSES, MOST_TOKENS = 8, 40
OBJECTS = ("LAYER", "ATTR", "KEYWORD", "TEMPO", "VOLUME", "SPAN", "EFFECT", "NUM")


@dataclass(frozen=True)
class Piece:
    """What stands between two separators, and the separator before it."""

    tokens: tuple[Token, ...]
    before: Token | None
    hard: bool


@dataclass(frozen=True)
class Parsed:
    """The readings of all clauses of a sentence and what they cost; `readings` empty: no parse."""

    readings: tuple[Reading, ...]
    cost: float


def read_sentence(tokens: Sequence[Token], situation: Situation) -> Answer | None:
    """A plan, a question or a refusal; None where the clauses are not wholly understood."""
    try:
        whole = joined(tokens, situation)
    except UnclearError as error:
        return Answer(ask=str(error))
    pieces = _pieces(whole)
    if not pieces:
        return None
    if len(pieces) > MOST_CLAUSES or len(whole) > MOST_TOKENS:
        return Answer(ask="that is a lot at once; say it in two or three goes")
    found = _best(pieces, 0, None, situation)
    if found is None:
        return None
    return _answer(found.readings)


def _pieces(tokens: Sequence[Token]) -> list[Piece]:
    pieces: list[Piece] = []
    current: list[Token] = []
    before: Token | None = None
    hard = False
    for token in tokens:
        if token.can("SEP", "HARD"):
            if current:
                pieces.append(Piece(tuple(current), before, hard))
                current, before, hard = [], None, False
            before, hard = token, hard or token.text in HARD
        else:
            current.append(token)
    if before is not None and not current and pieces and _leads_on(before):
        return []  # it broke off
    alone = before is not None and not before.can("HARD") and not pieces and not current
    if alone and before is not None:  # "next" separates, unless it is all there is
        return [Piece((before,), None, False)]
    if current:
        pieces.append(Piece(tuple(current), before, hard))
    elif before is not None and before.text == "next" and pieces:
        pieces.append(Piece((before,), None, True))
    return pieces


def _leads_on(mark: Token) -> bool:
    """Whether more has to follow: after "and", but not after "then" or a comma."""
    return not mark.can("HARD", "FILL") and mark.text not in (",", "next")


def _best(
    pieces: Sequence[Piece], place: int, last: Reading | None, situation: Situation
) -> Parsed | None:
    """The cheapest way to read the pieces from `place` on."""
    if place == len(pieces):
        return Parsed((), 0.0)
    best: Parsed | None = None
    for count in range(1, min(MOST_PIECES, len(pieces) - place) + 1):
        some = pieces[place : place + count]
        if any(piece.hard for piece in some[1:]):
            break
        tokens = _together(some)
        idle = any(_idle(piece.tokens) for piece in some[1:])
        reading = None if idle else read_clause(tokens, situation)
        cost = OWN_COST + JOIN_COST * (count - 1)
        if reading is None and last is not None and count == 1:
            reading, cost = _leaning(tokens, last, situation), LEAN_COST
        if reading is None and count == 1:
            reading, cost = _two(tokens, situation), 2 * OWN_COST
        if reading is None:
            continue
        after = _after(reading, situation)
        rest = _best(pieces, place + count, reading, after)
        if rest is not None and (best is None or cost + rest.cost < best.cost):
            best = Parsed((reading, *rest.readings), cost + rest.cost)
    return best


def _together(pieces: Sequence[Piece]) -> list[Token]:
    """The tokens of pieces, separators kept where they can mean something else as well."""
    tokens: list[Token] = []
    for number, piece in enumerate(pieces):
        if number and piece.before is not None:
            others = tuple(r for r in piece.before.readings if r[0] not in ("SEP", "HARD", "FILL"))
            tokens += [Token(piece.before.text, others)] if others else []
        tokens += piece.tokens
    return tokens


def _idle(tokens: Sequence[Token]) -> bool:
    """A piece that says to do something, but not what: "stop and go" is not "stop"."""
    return any(t.can(*VERBS) for t in tokens) and all(t.can(*ANYWHERE) for t in tokens)


def _two(tokens: Sequence[Token], situation: Situation) -> Reading | None:
    """Two clauses with nothing between them but the word that the second begins with."""
    for place in range(1, len(tokens)):
        if not tokens[place].can(*OPENERS):
            continue
        first = read_clause(tokens[:place], situation)
        if first is None or not first.steps:
            continue
        second = read_clause(tokens[place:], _after(first, situation))
        if second is not None and second.steps:
            return Reading((*first.steps, *second.steps), score=first.score, verb=first.verb)
    return None


def _leaning(tokens: Sequence[Token], last: Reading, situation: Situation) -> Reading | None:
    """A piece without a verb takes that of the clause before: "drop the bass and the melody"."""
    if not last.steps or _idle(tokens) or not all(t.can(*OBJECTS, *ANYWHERE) for t in tokens):
        return None
    verb = [token for token in last.verb if not token.can(*OBJECTS)]
    reading = read_clause([*verb, *tokens], situation)
    if reading is None or not reading.steps or reading.steps[0].task != last.steps[0].task:
        return None
    return reading


def _after(reading: Reading, situation: Situation) -> Situation:
    """The situation that the next clause is read in, as far as the steps are valid."""
    for step in reading.steps:
        try:
            situation = task_named(step.task).plan(step.args, situation)[1]
        except RefusedError:
            return situation
    return situation


def _answer(readings: Sequence[Reading]) -> Answer:
    for reading in readings:
        if reading.refuse:
            return Answer(refuse=reading.refuse)
    for reading in readings:
        if reading.ask:
            return Answer(ask=reading.ask)
    steps = merged(_once([step for reading in readings for step in reading.steps]))
    if contradictory(steps):
        return Answer(ask="those two go against each other: which of them?")
    return Answer(plan=steps)


def _once(steps: Sequence[Step]) -> list[Step]:
    """Without what is said twice: "that's enough, stop"."""
    found: list[Step] = []
    for step in steps:
        if step.task not in ONCE or step not in found:
            found.append(step)
    return found


def contradictory(steps: Sequence[Step]) -> bool:
    """Whether one sentence asks for two tempos, or the same thing to be two ways."""
    names = {step.task for step in steps}
    if {"undo", "redo"} <= names or any(_at_odds(step) for step in steps):
        return True
    said: dict[tuple[str, str, Any], Any] = {}
    for step in steps:
        one = "way" if step.task in ONE_WAY else step.task
        for name, value in step.args.items() or (("", step.task),):
            place = (one, "" if step.task in ONE_WAY else name, step.args.get("layer"))
            counts = one in ("way", "restyle") and name not in ("layer", "mood", "style")
            if counts and said.setdefault(place, value) != value:
                return True
    return sum(step.task == "tempo" for step in steps) > 1


def _at_odds(step: Step) -> bool:
    """Moods that are each other's opposite: "sad but happy"."""
    words = [lexicon.entries()[head] for head in lexicon.heads(str(step.args.get("mood", "")))]
    return any(opposed(one.numbers, other.numbers) for one, other in combinations(words, 2))


def opposed(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether two words share two numbers or more and agree on none of them."""
    shared = one.keys() & other.keys()
    return len(shared) > 1 and all(one[name] * other[name] < 0 for name in shared)


def merged(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Restyles that follow each other and name different things of the same layer are one."""
    found: list[Step] = []
    for step in steps:
        last = found[-1] if found else None
        if last is not None and _one(last, step):
            found[-1] = Step(step.task, {**last.args, **step.args})
        else:
            found.append(step)
    return tuple(found)


def _one(last: Step, step: Step) -> bool:
    if step.task != "restyle" or last.task != "restyle":
        return False
    if last.args.get("layer") != step.args.get("layer"):
        return False
    named: set[Any] = (set(last.args) & set(step.args)) - {"layer"}
    return not named
