"""The course of a take: which loops are planned, and the moves that can still be taken back.

Nothing here sounds. A loop is planned a whole loop before it begins; until it is committed
(`Playing` says from which beat on nothing can be changed) a performer's move can put another in its
place, and whoever takes that move back finds what was planned before it, to the note.
"""

from collections import deque
from copy import deepcopy
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, NamedTuple

from appliance.arranger import REPEAT_GAP, arrange
from appliance.deciding import WAITING, Decider, Next, Scene, Terms
from appliance.edits import edited
from appliance.listener import Listening
from appliance.moves import Finish, Pending, Step, Wishes, same_groove, within_keys
from appliance.planned import AS_PLAYED, Planned
from appliance.policies import SEED, Choice, Policy
from appliance.transport import Transport
from corpus.cutting.rotation import rotated
from corpus.cutting.segment import LEAD_IN

HEARD = 64  # loops that a policy can look back on
TRAIL = 64  # grooves that `back` leads through before it is at the seed
EARLY = 4.0  # beats before a loop by which its choice stands, unless a performer wants another
MOVES = 16  # pending at once; the oldest can no longer be taken back


class Cut(NamedTuple):
    """What can still be changed: nothing that matters before `beat`, nor loop number `loop`, which
    sounds."""

    beat: float
    loop: int


@dataclass(frozen=True, eq=False)
class _Move:
    """A move that can be taken back: what it is called, from which loop on it is heard, which
    wishes it changed, and what there was before it."""

    word: str
    at: int
    fields: tuple[str, ...]
    wishes: Wishes
    planned: list[Planned]
    policy: Policy

    @property
    def is_step(self) -> bool:
        return "presses" in self.fields

    @property
    def is_finish(self) -> bool:
        return "finish" in self.fields and not self.is_step


class Course:
    """The planned loops of one take, in order; there is always one."""

    def __init__(self, terms: Terms, decider: Decider, start_beat: float, first_tap: int) -> None:
        phrase = terms.seed.phrase
        self.decider = decider
        self.wishes = Wishes()
        self.loops_begun = 0
        self.seed_loops = 0  # with which it began
        self.rows_heard: set[int] = set()
        # The longest lead-in that a loop can have, beats.
        self.room = REPEAT_GAP + max(LEAD_IN, -float(phrase.notes["onset"].min()))
        self._terms = terms
        self._first_tap = first_tap  # ns
        self._heard: deque[int] = deque(maxlen=HEARD)
        self._moves: deque[_Move] = deque(maxlen=MOVES)
        first = arrange(0, start_beat, phrase)
        self.planned = [Planned(first, AS_PLAYED, "seed", phrase, 0.0)]

    @property
    def last(self) -> Planned:
        return self.planned[-1]

    @property
    def is_ending(self) -> bool:
        """The end was asked for, or nothing follows."""
        return self.wishes.finish in ("end", "coda") or self.is_closed

    @property
    def is_closed(self) -> bool:
        """Nothing follows the last planned loop."""
        match self.wishes.finish:
            case "end":
                return True
            case "coda":
                return self.last.is_coda
            case "home":
                return self.last.choice.row == SEED
        return False

    def current(self, beat: float) -> Planned:
        """What sounds at a beat."""
        started = [planned for planned in self.planned if planned.loop.start <= beat]
        return started[-1] if started else self.planned[0]

    def following(self, planned: Planned) -> Planned | None:
        after = [one for one in self.planned if one.loop.number > planned.loop.number]
        return after[0] if after else None

    def pending(self, beat: float) -> Pending | None:
        """The latest move that has not come about."""
        if not self._moves:
            return None
        move, current = self._moves[-1], self.current(beat)
        starts = [one.loop.start for one in self.planned if one.loop.number == move.at]
        until = starts[0] if starts and starts[0] > beat else current.loop.end
        loops = self.decider.home_loop - current.loop.number if move.word == "HOME" else 0
        return Pending(move.word, max(0, ceil(until - beat - 1e-6)), max(0, loops))

    def is_open(self, planned: Planned, cut: Cut) -> bool:
        """Whether another can still take its place."""
        return planned.loop.start - self.room > cut.beat

    # -- time -------------------------------------------------------------------------------------

    def begin(self, beat: float) -> list[Planned]:
        """The loops that begin to sound by a beat, each once; a lead-in is a beginning."""
        begun = [
            one
            for one in self.planned
            if one.loop.first_sound <= beat and one.loop.number >= self.loops_begun
        ]
        for planned in begun:
            self.loops_begun += 1
            self._heard.append(planned.choice.row)
            if planned.choice.row != SEED:
                self.rows_heard.add(planned.choice.row)
            elif self.seed_loops == planned.loop.number:
                self.seed_loops += 1
        if begun:
            self._forget_moves()
        return begun

    def _forget_moves(self) -> None:
        """What has come about can no longer be taken back; an ending has when all is over."""
        ends = bool(self.wishes.finish)
        kept = [
            one for one in self._moves if one.at >= self.loops_begun or (ends and one.is_finish)
        ]
        self._moves = deque(kept, MOVES)

    def extend(self, transport: Transport, now: int, listening: Listening | None) -> None:
        """Plan one more loop."""
        last = self.last
        beginning = transport.ns_at(last.loop.end) - self._first_tap
        coming = [p.choice.row for p in self.planned if p.loop.number >= self.loops_begun]
        heard = [*self._heard, *coming]
        scene = Scene(last, heard, transport.bpm, round(beginning / 1e9, 6), listening)
        following = self.decider.next(scene, self.wishes)
        ahead = last.loop.end - transport.beat_at(now)
        self.planned.append(self._plan(following, ahead))

    def level(self, velocity_scale: float) -> None:
        """Play the last loop, of which nothing was handed over, at this level."""
        last = self.last
        loop = arrange(
            last.loop.number, last.loop.start, last.phrase, last.semitones, velocity_scale
        )
        self.planned[-1] = replace(last, loop=loop, velocity_scale=velocity_scale)

    def trim(self, loop: int) -> None:
        """Forget what is over when this loop sounds, but for the one before it: it may ring."""
        self.planned = [one for one in self.planned if one.loop.number >= loop - 1]

    def reconsider(self, cut: Cut) -> bool:
        """Decide again about what only waited for the comparison, if there is time for that; says
        whether there is."""
        committed = self._committed(cut)
        rest = self.planned[len(committed) :]
        if self._moves or not rest or not rest[0].choice.why.startswith(WAITING):
            return False
        if rest[0].loop.start - cut.beat < EARLY:
            return False
        self.planned = committed
        return True

    def _plan(self, following: Next, ahead: float) -> Planned:
        choice, last = following.choice, self.last
        if choice.row == SEED:
            source, phrase = "seed", rotated(self._terms.seed.phrase, choice.rotate)
        else:
            source = str(self._terms.bundle.segments["id"][choice.row])
            phrase = rotated(self._terms.bundle.phrase(choice.row), choice.rotate)
        phrase = edited(phrase, following.edits)
        live = self.wishes.semitones
        if live:
            wanted = choice.semitones + live
            live = within_keys(wanted, phrase.notes, choice.semitones) - choice.semitones
        loop = arrange(last.loop.number + 1, last.loop.end, phrase, choice.semitones + live)
        trail = following.trail or _further(last.trail, choice)
        return Planned(loop, choice, source, phrase, ahead, 1.0, following.edits, live, trail)

    # -- moves: each says whether it came in time -------------------------------------------------

    def hold(self, hold: bool, cut: Cut) -> bool:
        """Repeat what plays until told otherwise, or go on."""
        if self._moves and self._moves[-1].word in ("HOLD", "RESUME"):
            return self.cancel(cut)
        return self._move("HOLD" if hold else "RESUME", cut, hold=hold)

    def step(self, step: Step, cut: Cut) -> bool:
        """Something else next, or what was before; asked for again before it came, another, or
        what was before that."""
        at, wishes = self._committed(cut)[-1].loop.number + 1, self.wishes
        again = wishes.step == step and wishes.at == at
        presses = wishes.presses + 1 if again else 1
        wanted = {"step": step, "at": at, "presses": presses, "hold": False, "finish": ""}
        return self._move(step.upper(), cut, **wanted)

    def finish(self, finish: Finish, cut: Cut) -> bool:
        hold = self.wishes.hold and finish != "home"
        self.decider.home_loop = self.last.loop.number
        return self._move(finish.upper(), cut, finish=finish, step="", hold=hold)

    def transpose(self, semitones: int, cut: Cut) -> bool:
        """The same loops in another key."""
        before = self.planned
        if not self._move(f"TRANSPOSE {semitones:+d}", cut, semitones=semitones):
            return False
        for one in before[len(self.planned) :]:
            following = Next(one.choice, one.edits, one.trail)
            self.planned.append(self._plan(following, one.ahead_beats))
        return True

    @property
    def has_moves(self) -> bool:
        """Whether a move is pending."""
        return bool(self._moves)

    def cancel(self, cut: Cut, ending: bool = False) -> bool:
        """Take the latest pending move back, or the `ending` and all that was asked for since.

        What it replaced comes back as it was. Where that has gone by, the music goes on without
        the move.
        """
        moves = list(self._moves)
        endings = [number for number, move in enumerate(moves) if move.is_finish]
        number = endings[0] if ending and endings else len(moves) - 1
        move, committed = moves[number], self._committed(cut)
        rest = self._what_was(move, committed, cut)
        if rest is None and move.is_step and committed[-1].loop.number >= move.at:
            return False
        wishes = move.wishes
        if rest is None:
            before = {field: getattr(wishes, field) for field in move.fields}
            wishes = replace(self.wishes, **before)
        if not self._change(wishes, committed + (rest or []), cut):
            return False
        self._moves = deque(moves[:number], MOVES)
        if rest is not None:
            self.decider.policy = move.policy
        return True

    def _move(self, word: str, cut: Cut, **changes: Any) -> bool:
        wishes, planned, committed = self.wishes, self.planned, self._committed(cut)
        if not self._change(replace(wishes, **changes), committed, cut):
            return False
        policy = deepcopy(self.decider.policy, self.decider.shared())
        at = committed[-1].loop.number + 1
        self._moves.append(_Move(word, at, tuple(changes), wishes, planned, policy))
        return True

    def _change(self, wishes: Wishes, planned: list[Planned], cut: Cut) -> bool:
        """Unless something would have to follow, and there is no time for it on the grid."""
        before = self.wishes, self.planned
        self.wishes, self.planned = wishes, planned
        if self.is_closed or self.last.loop.end - self.room > cut.beat:
            return True
        self.wishes, self.planned = before
        return False

    def _what_was(self, move: _Move, committed: list[Planned], cut: Cut) -> list[Planned] | None:
        """The loops that the move replaced, if they can all still come."""
        before = {id(one.choice) for one in move.planned}
        if any(id(one.choice) not in before for one in committed):
            return None
        last = committed[-1].loop.number
        rest = [one for one in move.planned if one.loop.number > last]
        return rest if all(self.is_open(one, cut) for one in rest) else None

    def _committed(self, cut: Cut) -> list[Planned]:
        """The loops that no other can replace any more, lead-in and all."""
        return [
            one for one in self.planned if one.loop.number <= cut.loop or not self.is_open(one, cut)
        ]


def _further(trail: tuple[Choice, ...], choice: Choice) -> tuple[Choice, ...]:
    """A groove further, unless it is the same; only so many are kept, the seed comes before all."""
    return trail if same_groove(trail[-1], choice) else (*trail, choice)[-TRAIL:]
