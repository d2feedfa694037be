"""The instrument as a state machine: events in, effects out.

No clock, thread, port or file of its own: under one random seed the same events give the same
effects, so a whole concert can be played in milliseconds.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from appliance.conversing import Conversing, in_short
from appliance.events import (
    Command,
    Conduct,
    Conducted,
    CorpusOpened,
    Effect,
    Event,
    Heard,
    MidiIn,
    PlayerEmbedded,
    PlayerRestarted,
    PowerOff,
    Refused,
    Reported,
    Said,
    SeedCompared,
    State,
    Tap,
    Tick,
    Warned,
)
from appliance.moves import MOST_SEMITONES
from appliance.playing import Playing
from appliance.policies import Policy
from appliance.policies.facts import Facts
from appliance.recorder import Recorder
from appliance.second_keyboard import SecondKeyboard
from appliance.seed import Seed
from appliance.settings import Settings
from appliance.taking import Kit
from appliance.transport import MAX_BPM, MIN_BPM
from appliance.viewing import Scene, Viewer
from corpus.keeping.bundle import Bundle

__all__ = ["Session", "Settings"]

Act = Callable[[Playing, int], list[Effect] | None]
_ACTS: dict[str, Act] = {
    "hold": lambda playing, at: playing.set_hold(not playing.hold, at),
    "next": lambda playing, at: playing.step("next", at),
    "back": lambda playing, at: playing.step("back", at),
    "end": lambda playing, at: playing.finish("end", at),
    "coda": lambda playing, at: playing.finish("coda", at),
    "home": lambda playing, at: playing.finish("home", at),
}


class Session:
    """idle -> recording -> warmup -> groove -> ending -> idle, for ever."""

    def __init__(
        self, settings: Settings, bundle: Bundle, policy: Policy, facts: Facts | None = None
    ) -> None:
        kit = Kit(settings, bundle, facts or Facts(bundle).ready(), policy)
        self._viewer = Viewer()
        self._recorder = Recorder(kit, self._viewer.say)
        self._second = SecondKeyboard()
        self._talks = Conversing(self._recorder.listener, self._command)
        self._talks.prepare(kit.bundle, kit.facts)

    @property
    def state(self) -> State:
        return self._recorder.state

    @property
    def playing(self) -> Playing | None:
        """The take that plays, to look at; None when none does."""
        take = self._recorder.take
        return None if take is None else take.playing

    def step(self, event: Event) -> list[Effect]:
        """What follows from an event. Never raises on anything that a person or a cable does."""
        self._recorder.now = self._viewer.now = max(self._recorder.now, event.at)
        match event:
            case Tick():
                effects = self._recorder.advance()
            case Tap():
                effects = self._tap(event.at)
            case Command():
                effects = self._command(event)
            case MidiIn():
                effects = self._midi_in(event)
            case Reported():
                effects = self._reported(event)
            case SeedCompared():
                effects = self._seed_compared(event)
            case PlayerEmbedded():
                effects = self._player_embedded(event)
            case PlayerRestarted():
                effects = self._player_restarted(event)
            case CorpusOpened():
                self._talks.prepare(event.bundle, event.facts)
                effects = self._change(bundle=event.bundle, facts=event.facts)
            case Said():
                effects = self._talks.said(event, self._recorder.take)
            case Conducted():
                effects = self._talks.conducted(event, self._recorder.take)
            case Warned():
                effects = self._warned(event)
        self._recorder.renew()
        effects += self._talks.keep(self._recorder.take)
        return effects + self._tell_news() + self._show(effects)

    @property
    def is_busy(self) -> bool:
        """Something plays, is recorded, or was not reported yet."""
        return self.state != "idle" or self._recorder.is_closing

    @property
    def notices(self) -> int:
        """How many there were; the view has the latest."""
        return self._viewer.notices

    def table(self) -> dict[str, Any]:
        """The attribute table of the loop that sounds, as JSON has it: see Conversing.table."""
        return self._talks.table(self._recorder.take)

    def finish(self) -> list[Effect]:
        """Close a take that still waits for reports: none will come."""
        return self._recorder.drain(patience=False)

    def reconfigure(self, settings: Settings, policy: Policy | None = None) -> None:
        """Play with these from the next take on; the policy stays if none is given."""
        self._change(settings=settings, **({} if policy is None else {"policy": policy}))
        self._recorder.renew()

    def remember(self, seed: Seed) -> None:
        """What `replay` plays until one is looped here; too late if one was."""
        if self._recorder.last_seed is None:
            self._recorder.last_seed = seed

    # -- gestures and commands --------------------------------------------------------------------

    def _tap(self, at: int) -> list[Effect]:
        if self.state in ("idle", "recording"):
            return self._command(Command(at, "record"))
        pending = self.playing is not None and self.playing.course.has_moves
        if self.playing is not None:
            self._talks.tapped(self.playing, at)
        return self._cancel(at) if pending else self._act("hold", at)

    def _command(self, command: Command) -> list[Effect]:
        recorder, at = self._recorder, command.at
        match self.state, command.verb:
            case "idle", "record":
                return recorder.record(at)
            case "idle", "recent":
                return recorder.recent(at)
            case "idle", "replay":
                return recorder.replay(at)
            case "idle", "shutdown":
                return [*recorder.drain(patience=False), PowerOff()]
            case "recording", "loop" | "record":  # both taps have one name for those who want that
                return recorder.loop(at)
            case "recording", "over":
                return recorder.over(at)
            case "recording", "discard":
                return recorder.drop("DISCARDED")
            case _, "loop" | "over" | "discard":
                return [Refused("NOT RECORDING")]
            case _, "record" | "recent" | "replay" | "shutdown":
                return [Refused("STOP FIRST")]
            case _, "withdraw":
                return recorder.withdraw(at)
            case _, "mark":
                return recorder.mark(at, command.text)
            case _, "stop":
                return recorder.stop(at)
        return self._shape(command)

    def _shape(self, command: Command) -> list[Effect]:
        """What plays, or will."""
        match command.verb:
            case "tempo":
                return self._tempo(command)
            case "transpose":
                return self._transpose(command.value, command.at)
            case "cancel":
                return self._cancel(command.at)
            case verb if verb in _ACTS:
                return self._act(verb, command.at)
        return [Refused(f"UNKNOWN: {command.verb[:12]}")]

    def _act(self, verb: str, at: int) -> list[Effect]:
        if verb == "hold" and self.state == "ending":
            return [Refused("ENDING")]
        return self._move(verb, _ACTS[verb], at)

    def _cancel(self, at: int) -> list[Effect]:
        """Take back what is pending; while it ends, the ending."""
        if self.playing is not None and not self.playing.course.has_moves:
            return [Refused("NOTHING IS PENDING")]
        ending = self.state == "ending"
        return self._move("cancel", lambda playing, at: playing.cancel(at, ending), at)

    def _transpose(self, semitones: float | None, at: int) -> list[Effect]:
        if semitones is None or not abs(semitones) <= MOST_SEMITONES or semitones % 1:
            return [Refused(f"TRANSPOSE -{MOST_SEMITONES} TO {MOST_SEMITONES}")]
        wanted = int(semitones)
        talk = None if self.playing is None else self.playing.talk
        if talk is not None and talk.keeps_key:
            return [Refused(talk.keeps_key)]
        return self._move(f"transpose {wanted:+d}", lambda one, at: one.transpose(wanted, at), at)

    def _move(self, name: str, act: Act, at: int) -> list[Effect]:
        if self.playing is None:
            return [Refused("NOTHING PLAYS")]
        effects = act(self.playing, at)
        if effects is None:
            return [Refused("TOO LATE")]
        return [*effects, *self._journal("move", move=name)]

    def _tempo(self, command: Command) -> list[Effect]:
        bpm, recorder = command.value, self._recorder
        if bpm is None or not MIN_BPM <= bpm <= MAX_BPM:
            return [Refused(f"TEMPO {MIN_BPM:g} TO {MAX_BPM:g}")]
        if recorder.take is not None:
            return self._talks.tempo(recorder.take, bpm, command.at)
        recorder.kit = replace(recorder.kit, settings=replace(recorder.kit.settings, bpm=bpm))
        if "settings" in recorder.coming:
            self._change(settings=replace(recorder.coming["settings"], bpm=bpm))
        return []

    def _change(self, **what: Any) -> list[Effect]:
        """Of what takes are played with, from the next one on."""
        self._recorder.coming |= what
        return []

    # -- what comes in ----------------------------------------------------------------------------

    def _midi_in(self, event: MidiIn) -> list[Effect]:
        if not _is_note_or_control(event.data):
            return []  # clock and sensing are the firmware's
        channel = self._recorder.kit.settings.second_channel
        if event.second or (channel and event.data[0] & 0x0F == channel - 1):
            wish = self._second.hear(event.at, event.data)
            return [] if wish is None else self._command(Command(event.at, *wish))
        return self._recorder.hear(event.at, event.data)

    def _reported(self, event: Reported) -> list[Effect]:
        lines = [line for take in self._recorder.takes() for line in take.playing.reported(event)]
        return [*lines, *self._recorder.drain()]

    def _seed_compared(self, event: SeedCompared) -> list[Effect]:
        if self.playing is None or event.take != self._recorder.comparisons:
            return []  # of a take that is over
        return self.playing.seed_compared(event.found, event.fault, event.at)

    def _player_embedded(self, event: PlayerEmbedded) -> list[Effect]:
        fault = self._recorder.tracker.answered(event)
        return self._journal("degraded", why=fault) if fault else []

    def _player_restarted(self, event: PlayerRestarted) -> list[Effect]:
        if self.playing is None:
            return []
        again = self.playing.resend(event.at)
        return [*again, *self._journal("degraded", why="player restarted")]

    def _warned(self, event: Warned) -> list[Effect]:
        if event.text == self._viewer.warning:
            return []
        self._viewer.warning = event.text
        return self._journal("degraded", why=event.text)

    # -- what is told -----------------------------------------------------------------------------

    def _tell_news(self) -> list[Effect]:
        """What happened in the take by itself, on the screen and in the journal."""
        effects: list[Effect] = []
        for notice, why in [] if self.playing is None else self.playing.news():
            self._viewer.say(notice)
            effects += self._journal("degraded", why=why)
        return effects

    def _journal(self, what: str, **more: Any) -> list[Effect]:
        """A line about what plays; none when nothing does."""
        take = self._recorder.take
        return [] if take is None else [take.line(self._recorder.now, event=what, **more)]

    def _show(self, effects: list[Effect]) -> list[Effect]:
        for effect in effects:
            if isinstance(effect, Refused):
                self._viewer.say(effect.why)
            if isinstance(effect, Heard | Conduct):
                self._viewer.say(in_short(effect))
        kit, recorded = self._recorder.kit, self._recorder.recorded
        scene = Scene(self.state, kit.bundle.name, kit.settings.bpm, recorded, self.playing)
        return [*self._viewer.show(scene)]


def _is_note_or_control(data: bytes) -> bool:
    return len(data) == 3 and 0x80 <= data[0] < 0xC0 and max(data[1:]) < 0x80
