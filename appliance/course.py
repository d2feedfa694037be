"""The course of a take: which loops are planned, and the moves that can still be taken back.

Nothing here sounds. A loop is planned a whole loop before it begins; until it is committed
(`Playing` says from which beat on nothing can be changed) a performer's move can put another in its
place, and whoever takes that move back finds what was planned before it, to the note.
"""

from collections import deque
from copy import deepcopy
from dataclasses import replace
from math import ceil
from typing import Any, NamedTuple

from appliance.arranger import REPEAT_GAP, arrange
from appliance.copilot.loop import Base
from appliance.copilot.rounds import Copilot
from appliance.deciding import WAITING, Decider, Next, Scene, Terms
from appliance.edits import CODA
from appliance.listener import Listening
from appliance.moves import Finish, Pending, Step, Wishes
from appliance.planned import AS_PLAYED, Planned
from appliance.policies import SEED, Choice
from appliance.sources import Sources
from appliance.taking_back import Move, Moves, talking
from appliance.talk import Bound, Said, Talk
from appliance.transport import Transport
from corpus.cutting.segment import LEAD_IN

HEARD = 64  # loops that a policy can look back on
EARLY = 4.0  # beats before a loop by which its choice stands, unless a performer wants another


class Cut(NamedTuple):
    """What can still be changed: nothing that matters before `beat`, nor loop number `loop`, which
    sounds."""

    beat: float
    loop: int


class Course:
    """The planned loops of one take, in order; there is always one."""

    def __init__(self, terms: Terms, decider: Decider, start_beat: float, first_tap: int) -> None:
        phrase = terms.seed.phrase
        self.decider = decider
        self.wishes = Wishes()
        self.loops_begun = 0
        self.seed_loops = 0  # with which it began
        self.rows_heard: set[int] = set()
        self.first_copilot: Copilot | None = None  # before the first round, once there was one
        # The longest lead-in that a loop can have, beats.
        self.room = REPEAT_GAP + max(LEAD_IN, -float(phrase.notes["onset"].min()))
        self._sources = Sources(terms)
        self._first_tap = first_tap  # ns
        self._heard: deque[int] = deque(maxlen=HEARD)
        self._moves = Moves()
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
        move, current = self._moves.latest, self.current(beat)
        if move is None:
            return None
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
            self._moves.forget(self.loops_begun, ends=bool(self.wishes.finish))
        return begun

    def extend(self, transport: Transport, now: int, listening: Listening | None) -> None:
        """Plan one more loop."""
        last = self.last
        beginning = transport.ns_at(last.loop.end) - self._first_tap
        coming = [p.choice.row for p in self.planned if p.loop.number >= self.loops_begun]
        heard = [*self._heard, *coming]
        scene = Scene(last, heard, transport.bpm, round(beginning / 1e9, 6), listening)
        ahead = last.loop.end - transport.beat_at(now)
        self.planned.append(self._plan(self._next(scene), ahead))

    def _next(self, scene: Scene) -> Next:
        """What somebody just said, as it is; or what comes next under all that was said."""
        said = self.wishes.said_at(scene.number)
        if said is not None and said.plays and not self.wishes.steps_at(scene.number):
            return self._as_said(said, scene)
        talk = scene.last.talk if said is None else said.talk
        if talk is None:
            return self.decider.next(scene, self.wishes)
        bound = Bound(talk, self._base)
        following = self.decider.next(scene._replace(bound=bound), self.wishes)
        return following._replace(talk=bound.talk(following.choice))

    def _as_said(self, said: Said, scene: Scene) -> Next:
        last, base = scene.last, said.talk.base
        edits = (CODA,) if self.wishes.finish == "coda" else ()
        if base == last.base:
            choice = replace(last.choice, similarity=1.0, why="as you said")
            return Next(choice, edits, last.trail, said.talk)
        semitones = base.semitones - self.wishes.semitones
        choice = Choice(base.row, semitones, 0.0, "as you said", base.rotate)
        choice = replace(choice, similarity=self.decider.alike(scene, choice))
        return Next(choice, edits, None, said.talk)

    def level(self, velocity_scale: float) -> None:
        """Play the last loop, of which nothing was handed over, at this level."""
        last = self.last
        loop = arrange(last.loop.number, last.loop.start, last.phrase, last.lift, velocity_scale)
        self.planned[-1] = replace(last, loop=loop, velocity_scale=velocity_scale)

    def trim(self, loop: int) -> None:
        """Forget what is over when this loop sounds, but for the one before it: it may ring."""
        self.planned = [one for one in self.planned if one.loop.number >= loop - 1]

    def reconsider(self, cut: Cut) -> bool:
        """Decide again about what only waited for the comparison, if there is time for that; says
        whether there is."""
        committed = self.committed(cut)
        rest = self.planned[len(committed) :]
        if self._moves or not rest or not rest[0].choice.why.startswith(WAITING):
            return False
        if rest[0].loop.start - cut.beat < EARLY:
            return False
        self.planned = committed
        return True

    def _plan(self, following: Next, ahead: float) -> Planned:
        return self._sources.planned(following, self.last, ahead, self.wishes.semitones)

    def _base(self, choice: Choice) -> Base:
        return self._sources.base(choice, self.wishes.semitones)

    # -- what was said ----------------------------------------------------------------------------

    def talk(self, cut: Cut) -> Talk | None:
        """The conversation as of the last loop that can no longer be changed, and of what was said
        since; None before its first round."""
        last = self.committed(cut)[-1]
        said = self.wishes.said_at(last.loop.number + 1)
        return last.talk if said is None else said.talk

    def say(self, before: Copilot, after: Copilot, cut: Cut) -> bool:
        """From the next loop on the music is as a round left it: that very loop where its notes
        are others now, else whatever comes under what stands. Not where nothing follows."""
        if self._closes(self.committed(cut)):
            return False
        if self.last.talk is None:
            self._begin_talk(before)
        committed = self.committed(cut)
        plays = after.state.base != committed[-1].base or not _sounds_as(committed[-1], after)
        changes: dict[str, Any] = {"said": Said(after, committed[-1].loop.number + 1, plays)}
        if before.state.base != after.state.base:
            changes["step"] = ""  # another loop was asked for since
        return self._move("SAID", cut, **changes)

    def _begin_talk(self, copilot: Copilot) -> None:
        """From now on every loop has a copilot; those that are planned one that is free."""
        self.first_copilot = copilot
        self.planned = talking(self.planned, copilot)
        self._moves.begin_talk(copilot)

    def set_tempo(self, bpm: float) -> None:
        """It was set by hand, and every copilot hears of it."""
        # The first of a pair is kept, or its id might be another's.
        heard: dict[int, tuple[Copilot, Copilot]] = {}

        def timed(copilot: Copilot) -> Copilot:
            if id(copilot) not in heard:
                heard[id(copilot)] = copilot, copilot.timed(bpm)
            return heard[id(copilot)][1]

        self.planned = [one.with_copilot(timed) for one in self.planned]
        self.wishes = self.wishes.with_copilot(timed)
        self._moves.with_copilot(timed)

    def _closes(self, planned: list[Planned]) -> bool:
        """Whether nothing would follow these loops."""
        before, self.planned = self.planned, planned
        closed = self.is_closed
        self.planned = before
        return closed

    # -- moves: each says whether it came in time -------------------------------------------------

    def hold(self, hold: bool, cut: Cut) -> bool:
        """Repeat what plays until told otherwise, or go on."""
        latest = self._moves.latest
        if latest is not None and latest.word in ("HOLD", "RESUME"):
            return self.cancel(cut)
        return self._move("HOLD" if hold else "RESUME", cut, hold=hold)

    def step(self, step: Step, cut: Cut) -> bool:
        """Something else next, or what was before; asked for again before it came, another, or
        what was before that."""
        at, wishes = self.committed(cut)[-1].loop.number + 1, self.wishes
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
            talk = None if one.talk is None else one.talk.lifted(self._base(one.choice))
            following = Next(one.choice, one.edits, one.trail, talk)
            self.planned.append(self._plan(following, one.ahead_beats))
            said = self.wishes.said_at(one.loop.number)
            if said is not None and said.plays and talk is not None:
                lifted = replace(said, copilot=talk.copilot)
                self.wishes = replace(self.wishes, said=lifted)
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
        number = self._moves.to_take_back(ending)
        move, committed = self._moves[number], self.committed(cut)
        rest = move.replaced(committed, lambda one: self.is_open(one, cut))
        if rest is None and move.has_come(committed):
            return False
        wishes = move.undone(self.wishes) if rest is None else move.wishes
        if not self._change(wishes, committed + (rest or []), cut):
            return False
        self._moves.drop(number)
        if rest is not None:
            self.decider.policy = move.policy
        return True

    def _move(self, word: str, cut: Cut, **changes: Any) -> bool:
        wishes, planned, committed = self.wishes, self.planned, self.committed(cut)
        if not self._change(replace(wishes, **changes), committed, cut):
            return False
        policy = deepcopy(self.decider.policy, self.decider.shared())
        at = committed[-1].loop.number + 1
        self._moves.add(Move(word, at, tuple(changes), wishes, planned, policy))
        return True

    def _change(self, wishes: Wishes, planned: list[Planned], cut: Cut) -> bool:
        """Unless something would have to follow, and there is no time for it on the grid."""
        before = self.wishes, self.planned
        self.wishes, self.planned = wishes, planned
        if self.is_closed or self.last.loop.end - self.room > cut.beat:
            return True
        self.wishes, self.planned = before
        return False

    def committed(self, cut: Cut) -> list[Planned]:
        """The loops that no other can replace any more, lead-in and all."""
        return [
            one for one in self.planned if one.loop.number <= cut.loop or not self.is_open(one, cut)
        ]


def _sounds_as(planned: Planned, copilot: Copilot) -> bool:
    """Whether a loop has the notes that a copilot has."""
    here = None if planned.talk is None else planned.talk.here
    return here is not None and here.state.material.same(copilot.state.material)
