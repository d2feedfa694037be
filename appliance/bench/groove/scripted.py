"""Pianists who keep to a script, and sessions that they play with on the simulated clock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from typing import Any

from appliance.events import (
    CompareSeed,
    Effect,
    EmbedPlayer,
    Event,
    MidiIn,
    PlayerEmbedded,
    SeedCompared,
    SeedFound,
    Tap,
    Tick,
    Write,
)
from appliance.pianist import messages
from appliance.policies import Policy
from appliance.session import Session
from appliance.settings import Settings
from appliance.transport import Transport
from corpus.keeping.bundle import Bundle
from models.embedder import Vectors
from models.notes import Notes, Phrase, note_array, pedal_array

TICK_NS = 100_000_000
SLOW_NS = 1_000_000_000  # how long slow work takes
BEGIN_NS = 1_000_000_000
BAR = 8  # beats of a script, whatever the metre
REST = 2  # bars between two journeys: more than a window that is embedded

Embed = Callable[[Phrase], Vectors]


@dataclass(frozen=True)
class Script:
    """Even notes, `density` a beat, going up and down through `pitches`, each for half its time.

    Played from `begin` loops of the seed's length after the second tap until `end` loops after it.
    """

    name: str
    pitches: tuple[int, ...]
    density: float = 1.0
    velocity: int = 80
    begin: int = 2
    end: int = 10_000

    def bars(self) -> Iterator[Notes]:
        """BAR beats after BAR beats."""
        order = [*self.pitches, *self.pitches[-2:0:-1]]
        for number in count():
            first = round(number * BAR * self.density)
            times = [index / self.density for index in range(round(BAR * self.density))]
            yield note_array(
                (time, 0.5 / self.density, order[(first + index) % len(order)], self.velocity)
                for index, time in enumerate(times)
            )


@dataclass(frozen=True, eq=False)
class Mover:
    """Plays one phrase, and in `bars_long` bars more and more of another; rests, and begins again:
    the way back is never heard."""

    name: str
    source: Phrase
    target: Phrase
    bars_long: int
    begin: int = 2
    end: int = 10_000

    def bars(self) -> Iterator[Notes]:
        for number in count():
            place = number % (self.bars_long + REST)
            share = (place + 1) / self.bars_long
            notes = _mixed(self.source.notes, self.target.notes, share * BAR)
            yield notes if share <= 1.0 else notes[:0]


Player = Script | Mover


def concert(
    bundle: Bundle,
    settings: Settings,
    policy: Policy,
    seed: Phrase,
    found: SeedFound,
    player: Player,
    loops: int,
    embed: Embed,
) -> list[dict[str, Any]]:
    """Provenance of so many loops, of which the seed's come first; nothing is ever late."""
    session = Session(replace(settings, bpm=seed.bpm), bundle, policy)
    hands = Transport(0.0, BEGIN_NS, seed.bpm)
    tapped = hands.ns_at(seed.beats)
    played = [(ns, data) for ns, data in messages(seed, hands) if ns < tapped]
    over = Transport(0.0, tapped, seed.bpm)
    played += _performed(player, over, seed.beats, loops)
    events: list[Event] = [Tap(BEGIN_NS), *(MidiIn(*one) for one in played), Tap(tapped)]
    agenda = [(event.at, place, event) for place, event in enumerate(events)]
    order = count(len(agenda))
    agenda = sorted(agenda)
    heappush(agenda, (tapped + TICK_NS, next(order), Tick(tapped + TICK_NS)))
    lines: list[dict[str, Any]] = []
    while len(lines) < loops:
        now, _, event = heappop(agenda)
        effects = session.step(event)
        lines += [one.line for one in effects if isinstance(one, Write) and _is_loop(one)]
        for answer in _answers(effects, now, found, embed):
            heappush(agenda, (answer.at, next(order), answer))
        if isinstance(event, Tick):
            heappush(agenda, (now + TICK_NS, next(order), Tick(now + TICK_NS)))
    return lines[:loops]


def _is_loop(write: Write) -> bool:
    return write.file == "provenance"


def _answers(effects: list[Effect], now: int, found: SeedFound, embed: Embed) -> Iterator[Event]:
    for effect in effects:
        match effect:
            case CompareSeed(take):
                yield SeedCompared(now + SLOW_NS, take, found)
            case EmbedPlayer(number, phrase):
                yield PlayerEmbedded(now + SLOW_NS, number, embed(phrase))


def _performed(
    player: Player, over: Transport, loop_beats: float, loops: int
) -> list[tuple[int, bytes]]:
    first, last = player.begin * loop_beats, min(player.end, loops + 2) * loop_beats
    rows: list[tuple[int, bytes]] = []
    for number, notes in enumerate(player.bars()):
        start = first + number * BAR
        if start >= last:
            break
        bar = Phrase(notes, pedal_array([]), float(BAR), over.bpm)
        rows += messages(bar, Transport(0.0, over.ns_at(start), over.bpm))
    return rows


def _mixed(source: Notes, target: Notes, until: float) -> Notes:
    """The target up to a beat and the source from there on, both within the first BAR beats."""
    inside = [
        notes[(notes["onset"] >= begin) & (notes["onset"] < end)]
        for notes, begin, end in ((target, 0.0, until), (source, until, float(BAR)))
    ]
    return note_array([row for notes in inside for row in notes.tolist()])
