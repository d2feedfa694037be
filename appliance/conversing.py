"""Talking to the loop: words in, an answer out, and in between what they change.

A round is understood by the grammar at once, or by a language model later where there is one; it is
carried out on the copilot of the moment, and the course goes on from there. Actions ("hold",
"next", "stop") are the session's own moves.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from appliance.copilot import offline
from appliance.copilot.answers import Answer
from appliance.copilot.loop import table_json
from appliance.copilot.planning import start_situation
from appliance.copilot.rounds import Copilot, Done
from appliance.copilot.shelf import Shelf
from appliance.events import (
    Command,
    Conduct,
    Conducted,
    Effect,
    Heard,
    KeepRounds,
    Refused,
    Said,
)
from appliance.listener import Listener
from appliance.playing import Playing
from appliance.policies.facts import Facts
from appliance.taking import Take
from corpus.keeping.bundle import Bundle

MOST_ASKED = 4  # of the language model at once
BARS = 4  # in which a rhythm was tapped or played
FEWEST = 3  # strikes that are one
SHORT = 20  # characters that a screen has room for
TAPS = 64  # of the foot that are remembered

Act = Callable[[Command], list[Effect]]


@dataclass(frozen=True, eq=False)
class _Asked:
    """A request that the language model has, and the take that it is about."""

    text: str
    take: Take


class _Kept(NamedTuple):
    """What was written last: of which take, after how many rounds."""

    take: Take | None
    number: int


class Conversing:
    """One session's; `act` carries out a command."""

    def __init__(self, listener: Listener, act: Act) -> None:
        self._listener = listener
        self._act = act
        self._corpus: Shelf | None = None
        self._shelf: tuple[Take | None, Shelf | None] = (None, None)
        self._asked: dict[int, _Asked] = {}
        self._taps: deque[float] = deque(maxlen=TAPS)
        self._kept = _Kept(None, 0)

    def prepare(self, bundle: Bundle, facts: Facts) -> None:
        """Work out now what a first round would wait for; a tenth of a second."""
        self._corpus = Shelf(bundle, facts=facts).ready()
        offline.ready()

    def tapped(self, playing: Playing, at: int) -> None:
        """The foot went down while it plays: perhaps it is a rhythm."""
        self._taps.append(playing.transport.beat_at(at))

    # -- rounds -----------------------------------------------------------------------------------

    def said(self, event: Said, take: Take | None) -> list[Effect]:
        """One round: its answer, or a request to the language model, whose answer comes later."""
        text = event.text
        copilot = None if take is None else self._copilot(take, event.at)
        if take is None or copilot is None:
            heard = _without_loop(text, take is not None)
            return [Heard(event.number, heard | {"text": text[: offline.LONGEST]})]
        heard_by = self._hearing(copilot, take.playing, event.at)
        answer = offline.understand(text, heard_by.situation)
        is_short = len(text) <= offline.LONGEST
        if take.terms.settings.conducts and is_short and self._may_ask(answer):
            self._asked[event.number] = _Asked(text, take)
            table = dict(table_json(copilot.state))
            return [Conduct(event.number, text, heard_by.situation, table)]
        return self._round(event, text, answer, take, copilot)

    def conducted(self, event: Conducted, take: Take | None) -> list[Effect]:
        """What the model made of a request, carried out as things are now."""
        asked = self._asked.pop(event.number, None)
        if asked is None:
            return []
        copilot = None if take is None else self._copilot(take, event.at)
        if take is not asked.take or take is None or copilot is None:
            gone = Done(False, refuse="the loop that was spoken of is over")
            return [Heard(event.number, gone.json() | {"text": asked.text})]
        answer = event.answer or Answer(ask=f"the language model did not answer: {event.fault}")
        return self._round(event, asked.text, answer, take, copilot)

    def tempo(self, take: Take, bpm: float, at: int) -> list[Effect]:
        """A change of tempo by hand: no round, but not against a lock."""
        talk = take.playing.talk
        if talk is not None and talk.copilot.state.table["bpm"].locked:
            return [Refused("BPM IS LOCKED")]
        if talk is not None:
            take.playing.course.set_tempo(bpm)
        return take.playing.set_tempo(bpm, at)

    def keep(self, take: Take | None) -> list[Effect]:
        """The table and the rounds, to be written where there are others than were written."""
        talk = None if take is None else take.playing.talk
        if take is None or talk is None:
            return []
        copilot = talk.copilot
        before = self._kept.number if self._kept.take is take else 0
        if copilot.number == before:
            return []
        self._kept = _Kept(take, copilot.number)
        return [KeepRounds(_written(copilot), (_start(take.playing), *copilot.log))]

    def _may_ask(self, answer: Answer) -> bool:
        understood = answer.plan or answer.refuse or answer.say
        return not understood and len(self._asked) < MOST_ASKED

    def _round(
        self, event: Said | Conducted, text: str, answer: Answer, take: Take, copilot: Copilot
    ) -> list[Effect]:
        playing = take.playing
        after, done = _answered(self._hearing(copilot, playing, event.at), answer)
        effects: list[Effect] = []
        if done.edited:
            moved = playing.say(copilot, after.hearing(None), event.at)
            if moved is None:
                done = Done(False, done.plan, refuse="too late: nothing follows this loop")
            else:
                effects += moved
        if done.committed:
            acted = [effect for verb in done.actions for effect in self._acted(verb, take, event)]
            refused = [one.why for one in acted if isinstance(one, Refused)]
            done = replace(done, refuse="; ".join(refused).lower()) if refused else done
            effects += acted
        heard = done.json() | {"text": text[: offline.LONGEST]} | _when(playing, done)
        line = take.line(event.at, event="round", number=event.number, answer=heard)
        return [*effects, line, Heard(event.number, heard)]

    def _acted(self, verb: str, take: Take, event: Said | Conducted) -> list[Effect]:
        if verb == "hold" and take.playing.hold:
            return []  # said again, it still holds
        return self._act(Command(event.at, verb))

    # -- what a round works with ------------------------------------------------------------------

    def table(self, take: Take | None) -> dict[str, Any]:
        """The attribute table of what sounds, and what can be done about it."""
        if take is None:
            return {"loop": None, "attributes": {}}
        current = take.playing.current
        talk = current.talk
        copilot = self._start(take) if talk is None else talk.here
        if copilot is None:
            return {"loop": current.loop.number, "attributes": {}}
        return {
            "loop": current.loop.number,
            "source": current.source,
            "undo": len(copilot.past),
            "redo": len(copilot.future),
            "locked": sorted(copilot.state.table.locks),
            "edits": [dict(edit) for edit in current.said],
            "attributes": table_json(copilot.state),
        }

    def _copilot(self, take: Take, at: int) -> Copilot | None:
        """Who carries out what is said now; None where the loop is not one to be edited."""
        talk = take.playing.talk_at(at)
        return self._start(take, at) if talk is None else talk.here

    def _start(self, take: Take, at: int | None = None) -> Copilot:
        """The copilot before the first round."""
        playing, terms = take.playing, take.terms
        base = playing.current.base if at is None else playing.base_at(at)
        shelf = self._shelf_of(take)
        return Copilot.start(shelf, base, playing.transport.bpm, terms.settings.rng)

    def _shelf_of(self, take: Take) -> Shelf:
        known, shelf = self._shelf
        if known is take and shelf is not None:
            return shelf
        terms = take.terms
        if self._corpus is None or self._corpus.bundle is not terms.bundle:
            self.prepare(terms.bundle, terms.facts)
        assert self._corpus is not None
        shelf = self._corpus.with_seed(terms.seed.phrase)
        self._shelf = take, shelf
        return shelf

    def _hearing(self, copilot: Copilot, playing: Playing, at: int) -> Copilot:
        """The copilot with what was tapped or played on one key lately, in beats of the loop."""
        now, start = playing.transport.beat_at(at), playing.current.loop.start
        since = now - BARS * playing.seed.phrase.bar
        return copilot.hearing(
            [beat - start for beat in rhythm(self._listener, self._taps, since, now)]
        )


def answer_line(answer: Mapping[str, Any]) -> str:
    """What an answer says to a person."""
    said = str(answer["refuse"] or answer["ask"] or answer["say"] or "done")
    beats = answer.get("in_beats")
    return f"{said} (in {beats} beat{'' if beats == 1 else 's'})" if beats else said


def in_short(effect: Heard | Conduct) -> str:
    """A word on the screen for what was said."""
    if isinstance(effect, Conduct):
        return "THINKING"
    answer = effect.answer
    if answer["committed"] and not answer["refuse"]:
        return str(answer["say"])[:SHORT].upper()
    return "NOT DONE" if answer["refuse"] else "WHAT?"


def rhythm(listener: Listener, taps: "deque[float]", since: float, now: float) -> list[float]:
    """The beats of the last run of strikes on one key, or of the foot's taps where these are
    later; empty where both are too few."""
    strikes = listener.strikes(since, now)
    last = strikes[-1][1] if strikes else -1
    run: list[float] = []
    for beat, key in reversed(strikes):
        if key != last:
            break
        run.append(beat)
    feet = [beat for beat in taps if since <= beat <= now]
    found = [one for one in (sorted(run), feet) if len(one) >= FEWEST]
    return max(found, key=lambda beats: beats[-1], default=[])


def _answered(copilot: Copilot, answer: Answer) -> tuple[Copilot, Done]:
    """The round carried out; whatever goes wrong in a task, the music goes on without it."""
    try:
        return copilot.answer(answer)
    except Exception as error:
        line = f"that went wrong ({type(error).__name__}: {error}); nothing was changed"
        return copilot, Done(False, answer.plan, refuse=" ".join(line.split())[:200])


def _without_loop(text: str, plays: bool) -> dict[str, Any]:
    """The answer where there is no loop to speak of: help, or that there is none."""
    said = offline.understand(text, start_situation()).say
    why = "this loop cannot be edited" if plays else "nothing plays; loop something first"
    return Done(False, say=said, refuse="" if said else why).json()


def _when(playing: Playing, done: Done) -> dict[str, Any]:
    """In how many beats it is heard, where it changes the loop."""
    pending = playing.pending
    return {"in_beats": pending.beats} if done.edited and done.committed and pending else {}


def _written(copilot: Copilot) -> dict[str, Any]:
    """What table.json says: the table after so many lines of the log, and the hash of the state."""
    state = copilot.state
    return {
        "entries": len(copilot.log),
        "hash": state.hash,
        "edits": [dict(edit) for edit in state.edits],
        "table": table_json(state),
    }


def _start(playing: Playing) -> Mapping[str, Any]:
    start = playing.course.first_copilot
    assert start is not None
    base, bpm = start.state.base, start.state.bpm
    return {"start": [base.row, base.semitones, base.rotate], "bpm": bpm, "seed": start.seed}
