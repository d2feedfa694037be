"""What a box is made of, real, simulated or half of each."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.jobs import InlineJobs, Jobs, ProcessJobs
from firmware.clock import Clock, MonotonicClock, SimulatedClock
from firmware.disklavier import Mechanics, SimulatedDisklavier
from firmware.display import Display, GifDisplay, NoDisplay
from firmware.fitted import FittedPlayer
from firmware.found_input import SideKeyboard
from firmware.heat import Thermometer
from firmware.keyboard import ScriptedKeyboard
from firmware.oled import Oled, OledSettings
from firmware.player import PlayerProcess
from firmware.profile import MS, Profile, load_profile
from firmware.simulated import SimulatedPlayer
from firmware.switch import KeyboardSwitch, NoSwitch, ScriptedSwitch, Switch
from firmware.switches import SwitchSettings, open_switches

AHEAD_NS = 600_000_000


@dataclass(frozen=True)
class Tuning:
    """How the realtime player runs: its SCHED_FIFO priority (1..98), the core it keeps to (None:
    the last), and how late a note-on may be before it is dropped with its note-off."""

    priority: int = 80
    cpu: int | None = None
    stale_ms: float = 100.0


@dataclass
class Hardware:
    """What a box is made of. `engine` does the work of `player`, which fits it to an instrument.

    Without a `keyboard` only what comes in at the engine is heard; with a simulated `piano` the
    keyboard's keys are those of the piano, and the piano is what the engine plays. `terminal` is
    the space bar, which is one of the switches too. Without a thermometer nothing is ever hot. What
    `more_jobs` makes runs beside `jobs`; without it all slow work is done one after the other.
    """

    clock: Clock
    engine: PlayerProcess | SimulatedPlayer
    player: FittedPlayer
    switch: Switch
    display: Display
    jobs: Jobs
    profile: Profile
    keyboard: ScriptedKeyboard | None = None
    piano: SimulatedDisklavier | None = None
    clock_out: PlayerProcess | SimulatedPlayer | None = None
    second: SideKeyboard | None = None
    terminal: KeyboardSwitch | None = None
    thermometer: Thermometer | None = None
    more_jobs: Callable[[], Jobs] | None = None

    @property
    def quit(self) -> bool:
        """Somebody at the terminal has had enough."""
        return self.terminal is not None and self.terminal.quit

    @property
    def ahead(self) -> int:
        """How long before it sounds a message must be handed over (ns)."""
        return max(AHEAD_NS, self.profile.look_ahead_ns)

    @property
    def lead(self) -> int:
        """How long before it sounds a message may leave (ns)."""
        return self.profile.lead_ns

    @classmethod
    def simulated(cls, film: Path, profile_name: str = "keyboard") -> "Hardware":
        """Nothing real, not even time; the screen is filmed to a GIF."""
        clock, profile = SimulatedClock(), load_profile(profile_name)
        piano = SimulatedDisklavier(_mechanics(profile)) if profile.lead_ns else None
        window = round(profile.echo_window_ms * MS) if profile.echo else 0
        engine = SimulatedPlayer(clock, piano.receive if piano else None, echo_window_ns=window)
        return cls(
            clock,
            engine,
            FittedPlayer(engine, profile, clock.now),
            ScriptedSwitch(),
            GifDisplay(film),
            InlineJobs(clock.now),
            profile,
            ScriptedKeyboard(),
            piano,
        )

    @classmethod
    def rehearsal(cls, film: Path, profile_name: str = "keyboard") -> "Hardware":
        """Real time and a real player process, but no ports and no screen."""
        profile, terminal = load_profile(profile_name), _terminal()
        clock, engine = MonotonicClock(), _engine(None, None, profile)
        return cls(
            clock,
            engine,
            FittedPlayer(engine, profile, clock.now),
            terminal or NoSwitch(),
            GifDisplay(film),
            ProcessJobs(),
            profile,
            ScriptedKeyboard(),
            terminal=terminal,
        )

    @classmethod
    def real(
        cls,
        output: str,
        input: str,
        profile_name: str,
        clock_port: str = "",
        tuning: Tuning = Tuning(),
        *,
        second: str = "",
        switches: SwitchSettings | None = None,
        oled: OledSettings | None = None,
    ) -> "Hardware":
        """MIDI ports by name pattern, the footswitch and the screen that are fitted, and the space
        bar of the terminal, where there is one.

        A port that is not there, like a piano that is still off, is taken up when it comes, and so
        are a screen and a switch.
        """
        profile, terminal = load_profile(profile_name), _terminal()
        clock, engine = MonotonicClock(), _engine(output, input, profile, tuning)
        return cls(
            clock,
            engine,
            FittedPlayer(engine, profile, clock.now, round(tuning.stale_ms * MS)),
            _switches(switches, terminal),
            NoDisplay() if oled is None else Oled.of(oled),
            ProcessJobs(),
            profile,
            clock_out=_clock_out(clock_port, tuning) if clock_port else None,
            second=SideKeyboard(second) if second else None,
            terminal=terminal,
            thermometer=Thermometer(),
            more_jobs=ProcessJobs,
        )


def _engine(
    output: str | None, input: str | None, profile: Profile, tuning: Tuning = Tuning()
) -> PlayerProcess:
    return PlayerProcess(
        output,
        input,
        priority=tuning.priority,
        cpu=tuning.cpu,
        stale_ns=round(tuning.stale_ms * MS),
        active_sensing=profile.active_sensing,
        echo_window_ns=round(profile.echo_window_ms * MS) if profile.echo else 0,
        wait_for_ports=True,
    )


def _clock_out(port: str, tuning: Tuning) -> PlayerProcess:
    """It may share its core with the player of the notes, which go first."""
    return PlayerProcess(
        port,
        None,
        priority=max(1, tuning.priority - 1),
        cpu=tuning.cpu,
        stale_ns=round(tuning.stale_ms * MS),
        wait_for_ports=True,
    )


def _mechanics(profile: Profile) -> Mechanics:
    """A piano that is just as its profile says."""
    delayed = not profile.velocity_latency
    return Mechanics(
        channel=profile.channel,
        latency_ms=profile.output_latency_ms,
        velocity_latency=profile.velocity_latency,
        delay_ms=profile.output_latency_ms if delayed else 0,
        input_latency_ms=profile.input_latency_ms,
        echo=profile.echo,
        sensing=profile.active_sensing,
    )


def _terminal() -> KeyboardSwitch | None:
    """The space bar, where there is a terminal."""
    return KeyboardSwitch() if sys.stdin.isatty() else None


def _switches(settings: SwitchSettings | None, terminal: KeyboardSwitch | None) -> Switch:
    if settings is None:
        return terminal or NoSwitch()
    return open_switches(settings, [terminal] if terminal is not None else [])
