"""A session on a stage of plain lists: no firmware, nothing of its bookkeeping is trusted."""

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from appliance.events import (
    BeginTake,
    Cancel,
    Command,
    CompareSeed,
    Conduct,
    DropSeed,
    EmbedPlayer,
    EndTake,
    Event,
    Heard,
    KeepRounds,
    KeepSeed,
    MidiIn,
    Outcome,
    PlayerEmbedded,
    PowerOff,
    Refused,
    Reported,
    Said,
    SeedCompared,
    Send,
    Show,
    Tap,
    Tick,
    Timed,
    View,
    Write,
)
from appliance.folder import write_performance
from appliance.jobs import compare_seed, embed_player
from appliance.journal import Journal
from appliance.policies import Groove, Policy
from appliance.session import Session, Settings
from appliance.verify import verify_session
from corpus.keeping.bundle import Bundle

MS = 1_000_000
SECOND = 1000 * MS
TICK = 50 * MS


@dataclass
class Kept:
    """What a take's folder is given; `summary` is missing while it is open."""

    seeds: list[KeepSeed] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    before_seed: int = 0
    ended: bool = False
    summary: dict[str, Any] | None = None
    rounds: KeepRounds | None = None

    def write(self, folder: Path) -> Path:
        """The session folder, by way of a journal."""
        assert self.summary is not None
        (seed,) = self.seeds
        journal = Journal(folder, durable=False)
        journal.keep_seed(seed.seed, seed.offset, seed.summary)
        for write in self.writes:
            journal.write(write.file, write.line)
        if self.rounds is not None:
            journal.keep_rounds(self.rounds.table, self.rounds.rounds)
        journal.close(self.summary)
        write_performance(folder)
        return folder


@dataclass
class Stage:
    """Steps a session through time; `wire` is what left, as (ns, bytes)."""

    bundle: Bundle
    settings: Settings = field(default_factory=Settings)
    policy: Policy = field(default_factory=Groove)
    answers: bool = True  # whether seeds are ever compared, and what is played embedded

    def __post_init__(self) -> None:
        self.session = Session(self.settings, self.bundle, self.policy)
        self.now = 0
        self.wire: list[tuple[int, bytes]] = []
        self.queue: list[Timed] = []
        self.writes: list[Write] = []
        self.summaries: list[dict[str, Any] | None] = []
        self.takes = 0
        self.kept: list[Kept] = []
        self.refused: list[str] = []
        self.powered_off = False
        self.seeds: list[KeepSeed] = []
        self.views: list[View] = []
        self.handed_ahead: list[int] = []
        self.heard: dict[int, dict[str, Any]] = {}
        self.conducts: list[Conduct] = []
        self.asked: list[CompareSeed] = []
        self._compare: list[tuple[int, CompareSeed]] = []
        self.windows: list[EmbedPlayer] = []
        self._embed: list[tuple[int, EmbedPlayer]] = []

    # -- what a person does

    def tap(self) -> None:
        self.do(Tap(self.now))

    def command(
        self, verb: str, value: float | None = None, text: str = "", at: int | None = None
    ) -> None:
        self.do(Command(self.now if at is None else at, verb, value, text))

    def say(self, text: str) -> dict[str, Any]:
        """The answer to one round; empty where a language model is asked first."""
        number = len(self.heard) + len(self.conducts) + 1
        self.do(Said(self.now, number, text))
        return self.heard.get(number, {})

    def play(self, rows: list[tuple[float, float, int]], velocity: int = 80) -> None:
        """(start, end, pitch) in seconds from now; time passes to the last end."""
        events = [(s, bytes((0x90, p, velocity))) for s, _, p in rows]
        events += [(e, bytes((0x80, p, 0))) for _, e, p in rows]
        start = self.now
        for seconds, data in sorted(events):
            self.pass_until(start + round(seconds * SECOND))
            self.do(MidiIn(self.now, data))

    def record(self, beats: int = 8, bpm: float = 120.0, pitch: int = 36) -> None:
        """Two taps round a bass in eighths."""
        step = 30.0 / bpm
        self.tap()
        start = self.now
        self.play([(i * step, (i + 0.8) * step, pitch + (i % 4) * 2) for i in range(beats * 2)])
        self.pass_until(start + round(beats * 2 * step * SECOND))
        self.tap()

    # -- time

    def run(self, seconds: float) -> None:
        self.pass_until(self.now + round(seconds * SECOND))

    def pass_until(self, end: int) -> None:
        while self.now < end:
            self.now = min(end, (self.now // TICK + 1) * TICK)
            self._sound()
            for due, job in list(self._compare):
                if due <= self.now:
                    self._compare.remove((due, job))
                    nearest = compare_seed(job.bundle, job.phrase)
                    self.do(SeedCompared(self.now, job.take, nearest))
            for due, window in list(self._embed):
                if due <= self.now:
                    self._embed.remove((due, window))
                    vectors = embed_player(window.bundle, window.phrase)
                    self.do(PlayerEmbedded(self.now, window.number, vectors))
            self.do(Tick(self.now))

    def do(self, event: Event) -> None:
        for effect in self.session.step(event):
            match effect:
                case Send(messages):
                    self.queue += messages
                    self.handed_ahead += [message.due - self.now for message in messages]
                case Cancel(after):
                    self._cancel(after)
                case Write():
                    self.writes.append(effect)
                    self._kept.writes.append(effect)
                case KeepSeed():
                    self.seeds.append(effect)
                    self._kept.seeds.append(effect)
                    self._kept.before_seed = len(self._kept.writes)
                case DropSeed():
                    self._drop_seed()
                case Refused(why):
                    self.refused.append(why)
                case Heard(number, answer):
                    self.heard[number] = answer
                case Conduct():
                    self.conducts.append(effect)
                case KeepRounds():
                    self._kept.rounds = effect
                case PowerOff():
                    self.powered_off = True
                case CompareSeed():
                    self.asked.append(effect)
                    if self.answers:
                        self._compare.append((self.now + SECOND, effect))
                case EmbedPlayer():
                    self.windows.append(effect)
                    if self.answers:
                        self._embed.append((self.now + SECOND, effect))
                case BeginTake():
                    assert not self.kept or self.kept[-1].ended
                    self.takes += 1
                    self.kept.append(Kept())
                case EndTake(summary):
                    self.summaries.append(summary)
                    kept = self._kept
                    kept.ended, kept.summary = True, summary
                case Show(view):
                    self.views.append(view)
        self._sound()

    # -- what came of it

    @property
    def provenance(self) -> list[dict[str, Any]]:
        return [write.line for write in self.writes if write.file == "provenance"]

    def sounding(self) -> list[int]:
        """Keys that are down on the wire at the end, by plain counting."""
        down: dict[int, int] = {}
        for _, data in self.wire:
            if data[0] == 0x90:
                down[data[1]] = down.get(data[1], 0) + 1
            elif data[0] == 0x80:
                down[data[1]] = 0
        return [pitch for pitch, count in down.items() if count]

    def struck(self) -> list[tuple[int, int, int]]:
        """(ns, pitch, velocity) of every strike."""
        return [(ns, data[1], data[2]) for ns, data in self.wire if data[0] == 0x90]

    def write_folder(self, folder: Path) -> Path:
        """The session folder of a stage's only take."""
        (kept,) = [one for one in self.kept if one.summary is not None]
        return kept.write(folder)

    @property
    def _kept(self) -> Kept:
        """The folder that is open."""
        kept = self.kept[-1]
        assert not kept.ended
        return kept

    def _drop_seed(self) -> None:
        gone = len(self._kept.writes) - self._kept.before_seed
        del self._kept.writes[self._kept.before_seed :]
        del self.writes[len(self.writes) - gone :]
        self._kept.seeds.pop()
        self._kept.rounds = None
        self.seeds.pop()

    def _cancel(self, after: int) -> None:
        gone = [message for message in self.queue if message.due > after]
        self.queue = [message for message in self.queue if message.due <= after]
        for message in gone:
            self.do(Reported(self.now, message.seq, Outcome.CANCELLED))

    def _sound(self) -> None:
        due = sorted(m for m in self.queue if m.due <= self.now)
        self.queue = [m for m in self.queue if m.due > self.now]
        for message in due:
            self.wire.append((message.due, message.data))
        for message in due:
            self.do(Reported(self.now, message.seq, Outcome.SENT))


def prove(stage: Stage, folder: Path) -> None:
    """Stop, let all be reported, and derive every note again."""
    if stage.session.state != "idle":
        stage.command("stop")
    stage.run(3)
    assert not stage.sounding()
    for one, other in pairwise(stage.provenance):
        assert other["start_beat"] == one["start_beat"] + one["beats"]
    (summary,) = stage.summaries
    assert summary is not None
    assert summary["gaps_ms_max"] == 0
    assert summary["stuck_notes"] == 0
    assert verify_session(stage.write_folder(folder), stage.bundle).loops == len(stage.provenance)
