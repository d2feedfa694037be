"""Every setting with its default, and what the parts of a box are made of by them.

What a setting does stands in deploy/config.toml, where each has a comment.
"""

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from appliance.copilot.model import Endpoint
from appliance.dynamics import Dynamics
from appliance.errors import ConfigError
from appliance.footswitch import DEFAULT, Footswitch, Table
from appliance.policies import Policy, make_policy
from appliance.policies.options import Options
from appliance.settings import Settings
from firmware.evdev_switch import KeySettings
from firmware.gestures import Timing
from firmware.gpio_switch import GpioSettings
from firmware.midi_pedal import Trigger
from firmware.oled_settings import OledSettings
from firmware.switches import SwitchSettings

NEW = "new"  # rng: another random seed at each start
AT_ONCE, ASK = "idle", "ask"
NO_SCREEN = "none"
EMBEDDER = "notes-encoder"  # of corpora that are made here
LARGEST_KEY_FILE = 4096


@dataclass(frozen=True)
class PolicyKeys:
    """Which policy, and its options; a string in place of the table is its name, as on the command
    line."""

    name: str = "groove"
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class MidiKeys:
    output: str = "Disklavier"
    input: str = "Disklavier"
    profile: str = "disklavier-realtime"
    clock_output: str = ""
    follow_clock: bool = False
    second_input: str = ""
    second_channel: int = 0


@dataclass(frozen=True)
class PlayerKeys:
    priority: int = 80
    cpu: int = -1
    stale_ms: float = 100.0


@dataclass(frozen=True)
class WarmupKeys:
    loops: int = Settings.warmup_loops
    vary: float = Settings.vary
    patience: int = Settings.patience


@dataclass(frozen=True)
class FootswitchKeys:
    sources: tuple[str, ...] = SwitchSettings.sources
    lock: bool = False
    double_s: float = Timing.double / 1e9
    hold_s: float = Timing.hold / 1e9
    long_hold_s: float = Timing.long_hold / 1e9
    debounce_ms: float = SwitchSettings.debounce_ms
    pedal: str = "cc67"
    pedal_channel: int = Trigger.channel
    pedal_inverted: bool = Trigger.inverted
    pedal_port: str = ""
    gpio_pin: int = GpioSettings.pin
    gpio_pull: str = GpioSettings.pull
    gpio_active: str = GpioSettings.active
    usb_device: str = "foot"
    usb_key: int = 0
    table: Table = field(default_factory=lambda: DEFAULT)


@dataclass(frozen=True)
class ScreenKeys:
    driver: str = OledSettings.driver
    bus: str = OledSettings.bus
    port: int = OledSettings.port
    address: int = OledSettings.address
    rotate: int = OledSettings.rotate
    contrast: int = OledSettings.contrast
    spi_device: int = OledSettings.spi_device
    spi_dc: int = OledSettings.spi_dc
    spi_reset: int = OledSettings.spi_reset


@dataclass(frozen=True)
class UploadsKeys:
    inbox: str = "/srv/smartlooper/inbox"
    quiet_s: float = 10.0
    switch: str = AT_ONCE
    embedder: str = EMBEDDER


@dataclass(frozen=True)
class SessionsKeys:
    quota_mb: int = 2000


@dataclass(frozen=True)
class ControlKeys:
    socket: Path = Path("/run/smartlooper/control.sock")


@dataclass(frozen=True)
class CopilotKeys:
    base_url: str = ""
    model: str = ""
    key_file: str = ""
    seconds: float = Endpoint.seconds


@dataclass(frozen=True)
class Config:
    """All of it. `policy` is a table or a string; the others are tables or plain values."""

    state: Path = Path("/var/lib/smartlooper")
    corpus: str = ""
    tempo: float = 0.0
    rng: int | str = NEW
    power_off: str = "/usr/lib/smartlooper/power-off"
    policy: PolicyKeys = field(default_factory=PolicyKeys)
    midi: MidiKeys = field(default_factory=MidiKeys)
    player: PlayerKeys = field(default_factory=PlayerKeys)
    warmup: WarmupKeys = field(default_factory=WarmupKeys)
    dynamics: Dynamics = field(default_factory=Dynamics)
    footswitch: FootswitchKeys = field(default_factory=FootswitchKeys)
    screen: ScreenKeys = field(default_factory=ScreenKeys)
    uploads: UploadsKeys = field(default_factory=UploadsKeys)
    sessions: SessionsKeys = field(default_factory=SessionsKeys)
    control: ControlKeys = field(default_factory=ControlKeys)
    copilot: CopilotKeys = field(default_factory=CopilotKeys)

    def make_policy(self) -> Policy:
        """A fresh one; it remembers what it played."""
        return make_policy(self.policy.name, self.policy.options)

    def settings(self, rng: int, ahead: int, lead: int) -> Settings:
        """How a session plays; `ahead` and `lead` (ns) are the hardware's."""
        warmup = self.warmup
        return Settings(
            rng, self.tempo or None, warmup.loops, warmup.vary, warmup.patience, ahead, lead,
            self.midi.second_channel, self.dynamics, bool(self.copilot.base_url),
        )  # fmt: skip

    def power_off_command(self) -> list[str]:
        """What shuts the machine down; empty for nothing."""
        return shlex.split(self.power_off)

    def foot(self) -> Footswitch:
        """What gestures mean, and the lock."""
        return Footswitch(self.footswitch.table, self.footswitch.lock)

    def timing(self) -> Timing:
        keys = self.footswitch
        return Timing(*(round(one * 1e9) for one in (keys.double_s, keys.hold_s, keys.long_hold_s)))

    def switches(self) -> SwitchSettings:
        keys = self.footswitch
        return SwitchSettings(
            keys.sources,
            GpioSettings(keys.gpio_pin, keys.gpio_pull, keys.gpio_active),
            Trigger.parse(keys.pedal, keys.pedal_channel, keys.pedal_inverted),
            keys.pedal_port,
            KeySettings(keys.usb_device, keys.usb_key or None),
            keys.debounce_ms,
        )

    def oled(self) -> OledSettings | None:
        """None where no screen is fitted."""
        if self.screen.driver == NO_SCREEN:
            return None
        return OledSettings(**vars(self.screen))

    def endpoint(self) -> Endpoint | None:
        """The language model that may be asked, None for none; ConfigError when its key cannot be
        read."""
        keys = self.copilot
        if not keys.base_url:
            return None
        key = _secret(Path(keys.key_file)) if keys.key_file else ""
        return Endpoint(keys.base_url, keys.model, key, keys.seconds)


def _secret(file: Path) -> str:
    """A key, which never appears in a message."""
    try:
        with file.open(encoding="utf-8") as text:
            key = text.read(LARGEST_KEY_FILE).strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(f"copilot.key_file = {str(file)!r}: cannot be read ({why})") from error
    if not key or not key.isprintable() or not key.isascii():
        raise ConfigError(f"copilot.key_file = {str(file)!r}: one line with the key is wanted")
    return key
