"""Measures an instrument by ear: plays, asks, and ends with a profile. A pure dialogue.

Whoever owns a terminal and ports shows each step and replies to it:

    calibration = Calibration(profile)
    while not isinstance(step := calibration.step, Done):
        calibration.reply(...)  # to a Play: what came in; to an Ask: the key that was pressed

Latency is measured against a loud note: only differences can be heard, so the latency that all
notes share is taken from the profile one starts with.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from firmware.dispatch import is_note_on
from firmware.echo import EchoFilter
from firmware.profile import MS, Profile, delay_ns

HEARD, TWICE, ORDER = "heard", "twice", "order"
YES, NO, AGAIN = "y", "n", "r"
EARLIER, LATER, TOGETHER = ",", ".", " "

LOW_NOTE, HIGH_NOTE = 60, 67
"""The keys that are played; questions of order ask for the high one, which is the softer."""

LOUD = 100
"""Velocity of the note that others are compared with."""

_REST_NS = 600 * MS  # before anything is played: keys rise, ears forget
_LISTEN_NS = 1300 * MS  # after it, for pianos that take half a second
_LENGTH_NS = 500 * MS
_SOFTEST_LIKELY = 64
_MOST_GAP_MS, _MOST_LEAD_MS, _MOST_ECHO_NS = 400.0, 400.0, 1000 * MS
_FINE_MS = 5.0
_STRIDE_MS = 40.0

Timed = tuple[int, bytes]


@dataclass(frozen=True)
class Play:
    """Send `events`, each at its nanoseconds from the start; listen for `length_ns` in all.

    The reply is what came in meanwhile: (nanoseconds from the start, message).
    """

    events: tuple[Timed, ...]
    length_ns: int


@dataclass(frozen=True)
class Ask:
    """A question about what was played; the reply is one of `keys`. `topic` is for machines."""

    topic: str
    text: str
    keys: tuple[tuple[str, str], ...]
    """(key, what it means)."""


@dataclass(frozen=True)
class Done:
    """What was found."""

    profile: Profile


Step = Play | Ask | Done
Reply = str | Sequence[Timed]
_Script = Generator[Play | Ask, Reply, Profile]
_Measure = Generator[Play | Ask, Reply, float]

_YES_OR_NO = ((YES, "yes"), (NO, "no"), (AGAIN, "play again"))
_WHICH_FIRST = (
    (EARLIER, "earlier"),
    (LATER, "later"),
    (TOGETHER, "together"),
    (AGAIN, "play again"),
)


class Calibration:
    """The dialogue, about sixty questions; `profile` gives what is not measured, and guesses."""

    def __init__(self, profile: Profile, name: str | None = None) -> None:
        self._profile = profile if name is None else replace(profile, name=name)
        self._script = self._run()
        self.step: Step = next(self._script)

    def reply(self, reply: Reply) -> Step:
        """Go on to the next step; a key that answers nothing leaves the question open."""
        step = self.step
        if isinstance(step, Done):
            return step
        if isinstance(step, Ask) and reply not in [key for key, _ in step.keys]:
            return step
        try:
            self.step = self._script.send(reply)
        except StopIteration as end:
            self.step = Done(end.value)
        return self.step

    def _run(self) -> _Script:
        profile = self._profile
        echo_ns = yield from self._echo()
        softest = int((yield from self._softest()))
        gap = yield from self._repeat_gap()
        table = yield from self._table(softest)
        window = max(profile.echo_window_ms, math.ceil(2 * (echo_ns or 0) / MS))
        return replace(
            profile,
            velocity_range=(softest, max(softest, profile.velocity_range[1])),
            repeat_gap_ms=gap,
            velocity_latency=table,
            echo=echo_ns is not None,
            echo_window_ms=window,
        )

    def _echo(self) -> Generator[Play | Ask, Reply, float | None]:
        """How long an echo takes (ns), None without one. Nobody should play meanwhile."""
        notes = [self._note(500 * MS * i, LOW_NOTE + 4 * i, LOUD, 200 * MS) for i in range(3)]
        play = _play(*notes)
        reply = yield play
        came = [] if isinstance(reply, str) else [(ns, d) for ns, d in reply if is_note_on(d)]
        echo = EchoFilter(_MOST_ECHO_NS)
        for ns, data in play.events:
            echo.sent(ns, data)
        echoes = [ns - _sent_at(play, data) for ns, data in came if echo.is_echo(ns, data)]
        return max(echoes) if len(echoes) == len(notes) else None

    def _softest(self) -> _Measure:
        """The lowest velocity that sounds."""
        silent, sounds = 0, _SOFTEST_LIKELY
        while sounds - silent > 1:
            velocity = (silent + sounds) // 2
            play = _play(self._note(0, LOW_NOTE, velocity))
            ask = Ask(HEARD, "Did the note sound?", _YES_OR_NO)
            if (yield from _listen(play, ask)) == YES:
                sounds = velocity
            else:
                silent = velocity
        return sounds

    def _repeat_gap(self) -> _Measure:
        """Milliseconds that a key must be up, on the safe side."""
        fails, works = 0.0, _MOST_GAP_MS
        while works - fails > _FINE_MS:
            gap = (fails + works) / 2
            again = self._note(_LENGTH_NS + round(gap * MS), LOW_NOTE, LOUD)
            play = _play(self._note(0, LOW_NOTE, LOUD), again)
            ask = Ask(TWICE, "Did the note sound twice?", _YES_OR_NO)
            if (yield from _listen(play, ask)) == YES:
                works = gap
            else:
                fails = gap
        return math.ceil(works)

    def _table(self, softest: int) -> Generator[Play | Ask, Reply, tuple[tuple[int, float], ...]]:
        """Latency by velocity, for tens and the softest."""
        tens = [velocity for velocity in range(LOUD - 10, softest, -10) if velocity > softest]
        points: list[tuple[int, float]] = [(LOUD, 0)]
        for velocity in [*tens, softest]:
            points.append((velocity, (yield from self._extra(velocity, points[-1][1]))))
        return tuple(sorted(points))

    def _extra(self, velocity: int, previous: float) -> _Measure:
        """Milliseconds that a note of this velocity takes longer than a loud one."""
        expected = delay_ns(self._profile, velocity) - delay_ns(self._profile, LOUD)
        least, most = 0.0, _MOST_LEAD_MS
        lead = min(max(expected / MS, previous), most)
        while most - least > _FINE_MS:
            answer = yield from _listen(self._pair(velocity, lead), _order())
            if answer == TOGETHER:
                return round(lead)
            # In strides from where it is likely to be, then by halves.
            if answer == EARLIER:
                most = lead
                lead = max((least + most) / 2, most - _STRIDE_MS)
            else:
                least = lead
                lead = min((least + most) / 2, least + _STRIDE_MS)
        return round((least + most) / 2)

    def _pair(self, velocity: int, lead_ms: float) -> Play:
        """The high note so much before the low one, which stays where it is."""
        loud_at = round(_MOST_LEAD_MS * MS)
        test = self._note(loud_at - round(lead_ms * MS), HIGH_NOTE, velocity)
        return _play(test, self._note(loud_at, LOW_NOTE, LOUD))

    def _note(self, at: int, key: int, velocity: int, length: int = _LENGTH_NS) -> list[Timed]:
        channel = self._profile.channel - 1
        strike = (_REST_NS + at, bytes((0x90 | channel, key, velocity)))
        return [strike, (_REST_NS + at + length, bytes((0x80 | channel, key, 0)))]


def _order() -> Ask:
    text = "Does the high note sound earlier or later than the low one, or together with it?"
    return Ask(ORDER, text, _WHICH_FIRST)


def _play(*notes: list[Timed]) -> Play:
    events = sorted((event for note in notes for event in note), key=lambda event: event[0])
    return Play(tuple(events), events[-1][0] + _LISTEN_NS)


def _sent_at(play: Play, data: bytes) -> int:
    """When the key of a note-on was struck."""
    return next(ns for ns, sent in play.events if is_note_on(sent) and sent[1] == data[1])


def _listen(play: Play, ask: Ask) -> Generator[Play | Ask, Reply, str]:
    """Play and ask, as often as is wished for."""
    while True:
        yield play
        answer = yield ask
        if answer != AGAIN:
            return str(answer)
