"""Whole sessions on the simulated clock, with nothing but a session in them."""

from collections import deque
from typing import Any

from appliance.bench.groove.walk import Start
from appliance.events import CompareSeed as Compare
from appliance.events import Effect, Event, MidiIn, SeedCompared, SeedFound, Tap, Tick, Write
from appliance.pianist import messages
from appliance.policies import Policy
from appliance.session import Session, Settings
from appliance.transport import Transport
from models.notes import Phrase

TICK_NS = 100_000_000
COMPARING_NS = 1_000_000_000  # how long a seed takes to be compared
BEGIN_NS = 1_000_000_000


def provenance(
    start: Start, phrase: Phrase, policy: Policy, loops: int, rng: int
) -> list[dict[str, Any]]:
    """What a session writes down about its loops, the seed's first: so many, and no more.

    The seed is played by a pianist who is on time, and no message is ever late.
    """
    session = Session(Settings(rng=rng, bpm=phrase.bpm), start.bundle, policy)
    hands = Transport(0.0, BEGIN_NS, phrase.bpm)
    tapped = hands.ns_at(phrase.beats)
    played = [MidiIn(ns, data) for ns, data in messages(phrase, hands) if ns < tapped]
    events: deque[Event] = deque([Tap(BEGIN_NS), *played, Tap(tapped)])
    found = SeedFound(start.nearest, start.seed.vectors)
    lines: list[dict[str, Any]] = []
    now = tapped
    while len(lines) < loops:
        if not events:
            now += TICK_NS
            events.append(Tick(now))
        effects = session.step(events.popleft())
        lines += _written(effects)
        events += [
            SeedCompared(now + COMPARING_NS, one.take, found)
            for one in effects
            if isinstance(one, Compare)
        ]
    return lines[:loops]


def _written(effects: list[Effect]) -> list[dict[str, Any]]:
    return [one.line for one in effects if isinstance(one, Write) and one.file == "provenance"]
