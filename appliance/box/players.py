"""The realtime players: of the notes, and of the clock for whoever follows. They are kept alive."""

from collections.abc import Callable, Iterable, Sequence

from appliance.box.hardware import Hardware
from appliance.events import Event, MidiIn, Outcome, PlayerRestarted, Reported, Timed
from firmware.clockout import ClockOut
from firmware.dispatch import Message
from firmware.errors import FirmwareError
from firmware.keeper import Keeper
from firmware.midi_pedal import Trigger
from firmware.player import PlayerProcess
from firmware.switches import Switches

CONTROL = 0xB0
_OUTCOMES = {outcome.name: outcome for outcome in Outcome}


class Players:
    """What is sent goes through here; `say` gets a line for whatever goes wrong. One thread.

    A pedal of the piano that is the footswitch is not the loop's to move: it would tap by itself.
    """

    def __init__(self, hardware: Hardware, say: Callable[[str], None]) -> None:
        self.engine = hardware.engine
        self.notes = hardware.player
        self._second = hardware.second
        self._now = hardware.clock.now
        self._say = say
        made = hardware.clock_out
        self._clock_out = None if made is None else ClockOut(made, self._now)
        processes = (p for p in (self.engine, made) if isinstance(p, PlayerProcess))
        self._keepers = {process: Keeper(process) for process in processes}
        self._absent: list[str] = []
        self._tapped = _pedal(hardware)
        self._kept_back: list[int] = []  # seqs that never leave

    # -- what is sent ---------------------------------------------------------------------------

    def send(self, messages: Sequence[Timed]) -> None:
        if self._tapped is not None:
            mine = [
                m for m in messages if m.data[0] & 0xF0 == CONTROL and m.data[1] == self._tapped
            ]
            self._kept_back += [message.seq for message in mine]
            kept_back = {message.seq for message in mine}
            messages = [message for message in messages if message.seq not in kept_back]
        self.notes.schedule(Message(*message) for message in messages)

    def pulse(self, messages: Iterable[Timed]) -> None:
        if self._clock_out is not None:
            self._clock_out.schedule(Message(*message) for message in messages)

    def cancel(self, after: int) -> None:
        self.notes.cancel(after)
        if self._clock_out is not None:
            self._clock_out.cancel(after)

    def reports(self, now: int) -> list[Event]:
        """What became of the notes."""
        kept_back, self._kept_back = self._kept_back, []
        never: list[Event] = [Reported(now, seq, Outcome.SUPPRESSED) for seq in kept_back]
        return never + [
            Reported(now, report.seq, _OUTCOMES[report.outcome.name], report.at - report.due)
            for report in self.notes.reports()
        ]

    def _would_tap(self, data: bytes) -> bool:
        return self._tapped is not None and data[0] & 0xF0 == CONTROL and data[1] == self._tapped

    # -- how they are ---------------------------------------------------------------------------

    @property
    def lost(self) -> bool:
        """The player of the notes has died, and none has taken its place."""
        return isinstance(self.engine, PlayerProcess) and not self.engine.alive

    def ports(self) -> dict[str, bool]:
        """Whether the piano's "output" and "input" are there, and "clock" if one is wanted."""
        found = {"output": True, "input": True}
        if isinstance(self.engine, PlayerProcess):
            found = self.engine.ports()
        if self._clock_out is not None:
            player = self._clock_out.player
            there = not isinstance(player, PlayerProcess) or player.ports()["output"]
            found = found | {"clock": there}
        if self._second is not None:
            found = found | {"second": not self._second.fault}
        return found

    def steering(self) -> list[Event]:
        """What came from the second keyboard."""
        if self._second is None:
            return []
        return [MidiIn(at, data, second=True) for at, data in self._second.incoming()]

    @property
    def is_clock_amiss(self) -> bool:
        """Whoever follows our clock hears none, or is out of step."""
        if self._clock_out is None:
            return False
        player = self._clock_out.player
        if not isinstance(player, PlayerProcess):
            return self._clock_out.lost
        return self._clock_out.lost or not player.alive or bool(player.absent())

    def handles(self) -> list[int]:
        """Readable when one of them has something to say."""
        side = None if self._second is None else self._second.fileno()
        handles = [player.fileno() for player in self._keepers]
        return handles if side is None else [*handles, side]

    def keep_alive(self, now: int) -> list[Event]:
        """A player that died is replaced; the loop goes on at its place on the grid."""
        events: list[Event] = []
        for player, keeper in self._keepers.items():
            try:
                replaced = keeper.look(now)
            except FirmwareError as error:
                self._say(str(error))
                continue
            if replaced and player is self.engine:
                self.notes.restarted()
                events.append(PlayerRestarted(self._now()))
            elif replaced and self._clock_out is not None:
                self._clock_out.restarted()
                self._say("MIDI clock: its player ended, and was replaced")
        if self._clock_out is not None:
            self._clock_out.turn()
        self._tell_what_is_absent()
        return events

    def _tell_what_is_absent(self) -> None:
        """One line for each port that is waited for, when it begins to be."""
        absent = [
            f"{direction} matching {pattern!r}"
            for player in self._keepers
            if player.alive
            for direction, pattern in player.absent().items()
        ]
        for port in absent:
            if port not in self._absent:
                self._say(_waiting_for(port))
        self._absent = absent

    def close(self) -> None:
        self.notes.close()
        if self._second is not None:
            self._second.close()
        if self._clock_out is not None:
            self._clock_out.close()


def _pedal(hardware: Hardware) -> int | None:
    """The controller of the instrument that is the footswitch."""
    switch = hardware.switch
    trigger: Trigger | None = switch.trigger if isinstance(switch, Switches) else None
    if trigger is None or trigger.kind != "cc":
        return None
    return trigger.number if trigger.channel in (0, hardware.profile.channel) else None


def _waiting_for(port: str) -> str:
    return (
        f"waiting for a MIDI {port}: connect the instrument and switch it on; "
        "'smartlooper ports' lists what is there (it takes ALSA MIDI or a running JACK server)"
    )
