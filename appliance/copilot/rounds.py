"""Rounds: a plan is tried on a fork, checked, and committed whole or forgotten.

`Copilot` is a value: every method returns another one. A session keeps the latest, and its log is
enough to arrive at the same state again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.copilot.answers import Answer, RefusedError, Step, UnclearError
from appliance.copilot.desk import Desk, Past
from appliance.copilot.edits import Edit
from appliance.copilot.locking import lock_faults
from appliance.copilot.loop import Base, State, Wishes, begin, derive, lifted, on_base, retimed
from appliance.copilot.material import HIGHEST_KEY, LOWEST_KEY
from appliance.copilot.offline import understand
from appliance.copilot.registry import task_named, validated
from appliance.copilot.shelf import Shelf
from appliance.copilot.situation import MAX_POLYPHONY, Situation, situation_of
from corpus.errors import CorpusError
from corpus.hearing.key import MINOR
from models.errors import ModelError

LAYER = {"bass": "bass", "chord": "chords", "melody": "melody"}
VOICES = tuple(LAYER)


@dataclass(frozen=True)
class Done:
    """What a round came to: `committed` or not, and one line each for people and programs.

    `actions` are for the session ("hold", "next", "stop"); `edited` says that the loop changed and
    has to be arranged anew at the next boundary.
    """

    committed: bool
    plan: tuple[Step, ...] = ()
    say: str = ""
    ask: str = ""
    refuse: str = ""
    actions: tuple[str, ...] = ()
    edited: bool = False
    hash: str = ""

    def json(self) -> dict[str, Any]:
        """For `chat --json` and the session folder."""
        return {
            "committed": self.committed,
            "plan": [step.json() for step in self.plan],
            "say": self.say,
            "ask": self.ask,
            "refuse": self.refuse,
            "actions": list(self.actions),
            "hash": self.hash,
        }


@dataclass(frozen=True)
class Node:
    """One round in the history, whatever branch it is on: its parent, its plan, its result."""

    number: int
    parent: int
    plan: tuple[Step, ...]
    hash: str


@dataclass(frozen=True, eq=False)
class Copilot:
    """The state with its history. `log` has every round and every change of the groove, in order:
    `replayed` makes the same of it."""

    shelf: Shelf
    state: State
    seed: int = 0
    number: int = 0
    past: tuple[Past, ...] = ()
    future: tuple[Past, ...] = ()
    nodes: tuple[Node, ...] = ()
    log: tuple[Mapping[str, Any], ...] = ()
    polyphony: int = MAX_POLYPHONY
    taps: NDArray[np.float64] | None = field(default=None)

    @classmethod
    def start(cls, shelf: Shelf, base: Base, bpm: float, seed: int = 0) -> "Copilot":
        """As the music is found: nothing asked for, nothing to undo."""
        return cls(shelf, begin(base, bpm, shelf), seed)

    @property
    def situation(self) -> Situation:
        taps = 0 if self.taps is None else len(self.taps)
        return situation_of(self.state, len(self.past), len(self.future), taps)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What `edits` of provenance says of the loop as it is now."""
        return self.state.edits

    def hearing(self, taps: Sequence[float] | None) -> "Copilot":
        """With the onsets, in beats, of what was just tapped or played on one key."""
        return replace(self, taps=None if taps is None else np.array(taps, np.float64))

    def say(self, text: str) -> tuple["Copilot", Done]:
        """One round of conversation, by the offline grammar alone."""
        return self.answer(understand(text, self.situation))

    def answer(self, answer: Answer) -> tuple["Copilot", Done]:
        """What a conductor made of a request; a plan is carried out, or refused whole."""
        if not answer.plan:
            done = Done(False, say=answer.say, ask=answer.ask, refuse=answer.refuse)
            return self, replace(done, hash=self.state.hash)
        return self.carry_out(answer.plan)

    def carry_out(self, plan: Sequence[Step]) -> tuple["Copilot", Done]:
        """All of the plan, or none of it: then this very object comes back."""
        try:
            steps = validated(tuple(plan), self.situation)
            desk = self._tried(steps)
        except (RefusedError, UnclearError) as error:
            return self, Done(False, tuple(plan), refuse=str(error), hash=self.state.hash)
        except (ModelError, CorpusError) as error:
            line = f"that cannot be done here: {error}"
            return self, Done(False, tuple(plan), refuse=line, hash=self.state.hash)
        return self._committed(steps, desk)

    def follow(self, base: Base) -> "Copilot | None":
        """The groove moves on to another source by itself, under all that stands; None where that
        would break what stands or is locked: then it has to stay or choose another."""
        if self.state.table.locks & {"bass", "chords", "melody", "low", "high", "sources"}:
            return None
        try:
            moved = on_base(self.state, base, self.shelf)
        except (RefusedError, ModelError, CorpusError):
            return None
        if standing_faults(moved, self.shelf):
            return None
        entry = {"follow": [base.row, base.semitones, base.rotate]}
        return replace(self, state=moved, log=(*self.log, entry))

    def lifted(self, semitones: int) -> "Copilot | None":
        """The same loop so many semitones higher, as a performer transposes it; None where that
        would break what stands or is locked."""
        try:
            moved = lifted(self.state, semitones, self.shelf)
        except (RefusedError, ModelError, CorpusError):
            return None
        if standing_faults(moved, self.shelf) or lock_faults(self.state, moved):
            return None
        return replace(self, state=moved, log=(*self.log, {"lift": semitones}))

    def timed(self, bpm: float) -> "Copilot":
        """At a tempo that was set by hand, which is no round and which no undo takes back."""

        def timed(states: tuple[Past, ...]) -> tuple[Past, ...]:
            return tuple(replace(one, state=retimed(one.state, bpm)) for one in states)

        log = (*self.log, {"tempo": bpm})
        state = retimed(self.state, bpm)
        return replace(self, state=state, past=timed(self.past), future=timed(self.future), log=log)

    def released(self, base: Base) -> "Copilot":
        """On another source with nothing that stands, as a performer's way home ends."""
        state = begin(base, self.state.bpm, self.shelf)
        entry = {"release": [base.row, base.semitones, base.rotate]}
        return replace(self, state=state, log=(*self.log, entry))

    @property
    def is_free(self) -> bool:
        """The loop is its source and nothing else, and any other may follow it."""
        state = self.state
        return not state.edits and state.wishes == Wishes() and state.table.is_free

    def fitting_rows(self) -> NDArray[np.bool_]:
        """Which segments the groove may go to, as far as columns tell: the mode that stands, and
        something left to sound. `follow` has the last word on each."""
        wishes, shelf = self.state.wishes, self.shelf
        fits = np.ones(len(shelf.segments), bool)
        if wishes.key or self.state.table["mode"].locked:
            fits &= shelf.minor == (self.state.key.mode == MINOR)
        left = [shelf.numbers[f"{one}_notes"] for one in VOICES if LAYER[one] not in wishes.dropped]
        fits &= np.sum(left, axis=0) > 0 if left else False
        if self.state.table["time_signature"].locked:
            fits &= shelf.numbers["bar"] == self.state.material.bar
        if self.state.table["length"].locked:
            fits &= shelf.numbers["beats"] == self.state.material.beats
        return fits

    def _tried(self, steps: Sequence[Step]) -> Desk:
        """The fork after all steps; RefusedError names the first thing that would not hold."""
        desk = Desk(
            self.shelf,
            self.state,
            self.past,
            self.future,
            self.number + 1,
            self.seed,
            self.taps,
            polyphony=self.polyphony,
        )
        for step in steps:
            desk = _step(step, desk)
        return desk

    def _committed(self, steps: tuple[Step, ...], desk: Desk) -> tuple["Copilot", Done]:
        past, future = desk.past, desk.future
        if desk.edited:
            past, future = (*past, Past(desk.number, desk.entered or self.state)), ()
        hash_ = desk.state.hash
        parent = past[-2].round if desk.edited and len(past) > 1 else 0
        nodes = (
            (*self.nodes, Node(desk.number, parent, steps, hash_)) if desk.edited else self.nodes
        )
        entry: dict[str, Any] = {"plan": [step.json() for step in steps]}
        if self.taps is not None and any(step.task == "rhythm_to_loop" for step in steps):
            entry["taps"] = self.taps.tolist()
        after = replace(
            self,
            state=desk.state,
            number=desk.number,
            past=past,
            future=future,
            nodes=nodes,
            log=(*self.log, entry),
        )
        changed = desk.edited or desk.state is not self.state
        say = "; ".join(desk.said)
        return after, Done(True, steps, say, actions=desk.actions, edited=changed, hash=hash_)


def _step(step: Step, desk: Desk) -> Desk:
    task = task_named(step.task)
    here = situation_of(
        desk.state,
        len(desk.past) + int(desk.edited),
        len(desk.future),
        None if desk.taps is None else len(desk.taps),
    )
    args, _ = task.plan(step.args, here)
    after = task.do(args, desk)
    if after.state is not desk.state:
        faults = [*task.faults(args, desk, after), *standing_faults(after.state, desk.shelf)]
        if step.task not in ("undo", "redo"):
            faults += lock_faults(desk.state, after.state)
        if faults:
            raise RefusedError(f"{step.task} was not done: {faults[0]}")
    return after


def standing_faults(state: State, shelf: Shelf) -> list[str]:
    """What does not hold of a state, whatever task made it; nothing where all is well."""
    notes = state.material.notes
    if len(notes) == 0:
        return ["it would leave silence"]
    found = []
    if notes["pitch"].min() < LOWEST_KEY or notes["pitch"].max() > HIGHEST_KEY:
        found.append("it leaves the keyboard")
    for name in state.table.drifted():
        row = state.table[name]
        found.append(f"{name} would be {_short(row.measured)}, not {_short(row.target)}")
    if not derive(state.base, state.edits, shelf).same(state.material):
        found.append("the notes do not follow from the edits")
    return found


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def replayed(start: Copilot, log: Sequence[Mapping[str, Any]]) -> Copilot:
    """The copilot after everything in a log, from the state that it began with."""
    now = start
    for entry in log:
        if "plan" not in entry:
            now = _changed(now, entry)
        else:
            heard = now.hearing(entry["taps"]) if "taps" in entry else now
            now, _ = heard.carry_out([Step(one["task"], one["args"]) for one in entry["plan"]])
            now = replace(now, taps=start.taps)
    return now


def _changed(now: Copilot, entry: Mapping[str, Any]) -> Copilot:
    """After what happened between two rounds; ValueError where that could not be."""
    after: Copilot | None = None
    if "follow" in entry:
        after = now.follow(Base(*entry["follow"]))
    elif "lift" in entry:
        after = now.lifted(entry["lift"])
    elif "tempo" in entry:
        after = now.timed(entry["tempo"])
    elif "release" in entry:
        after = now.released(Base(*entry["release"]))
    if after is None:
        raise ValueError("the log has a change that does not hold here")
    return after
