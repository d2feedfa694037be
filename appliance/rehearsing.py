"""A take that nobody hears, played before the box is ready.

The first take of a box's life would otherwise pay for all that takes touch for the first time:
code, tables, memory. It would pay between the second tap and the downbeat, the one moment when
nothing is decided ahead.
"""

from collections.abc import Callable

from appliance.events import Command, CompareSeed, MidiIn, SeedCompared, Tap, Tick
from appliance.policies import Policy
from appliance.policies.facts import Facts
from appliance.session import Session, Settings
from corpus.keeping.bundle import Bundle

SECOND_NS = 1_000_000_000
NOTES, STEP_NS = 16, SECOND_NS // 4
SEED_NS = NOTES * STEP_NS
TICK_NS = SECOND_NS // 10
LOOPS = 4


def rehearsed(settings: Settings, bundle: Bundle, make_policy: Callable[[], Policy]) -> Session:
    """A session for the stage, after another one with these settings has rehearsed."""
    facts = Facts(bundle).ready()
    rehearse(Session(settings, bundle, make_policy(), facts))
    return Session(settings, bundle, make_policy(), facts)


def rehearse(session: Session) -> None:
    """Record a seed, loop it, find the way into a groove, and stop, at times from 0 on. Nothing of
    what the session wants done is done. It has then played, so use another on stage."""
    session.step(Tap(0))
    for number in range(NOTES):
        at, pitch = number * STEP_NS, 36 + 7 * (number % 2)
        session.step(MidiIn(at + 1, bytes((0x90, pitch, 64))))
        session.step(MidiIn(at + STEP_NS // 2, bytes((0x80, pitch, 64))))
    wanted = session.step(Tap(SEED_NS))
    for asked in (one for one in wanted if isinstance(one, CompareSeed)):
        session.step(SeedCompared(SEED_NS, asked.take, None, "nobody listens to a rehearsal"))
    end = SEED_NS + LOOPS * SEED_NS
    for at in range(SEED_NS, end, TICK_NS):
        session.step(Tick(at))
    session.step(Command(end, "stop"))
