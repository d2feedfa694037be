"""What settings may be, and what they were called before; a key in a table is `midi.output`."""

from collections.abc import Mapping

from appliance.config.keys import ASK, AT_ONCE, EMBEDDER, NO_SCREEN
from firmware.gpio_switch import LEVELS, PULLS
from firmware.oled_settings import BUSES, DRIVERS

LIMITS: Mapping[str, tuple[float, float]] = {
    "rng": (0, 2**63 - 1),
    "midi.second_channel": (0, 16),
    "player.priority": (1, 98),
    "player.stale_ms": (1, 10_000),
    "warmup.loops": (1, 64),
    "warmup.vary": (0, 1),
    "warmup.patience": (1, 64),
    "dynamics.follow": (0, 1),
    "dynamics.share": (0.1, 2),
    "dynamics.softest": (0.1, 1),
    "dynamics.loudest": (1, 2),
    "dynamics.step": (0.01, 1),
    "footswitch.double_s": (0.1, 2),
    "footswitch.hold_s": (0.3, 5),
    "footswitch.long_hold_s": (0.5, 20),
    "footswitch.debounce_ms": (0, 200),
    "footswitch.pedal_channel": (0, 16),
    "footswitch.gpio_pin": (0, 27),
    "footswitch.usb_key": (0, 0x2FF),
    "screen.port": (0, 255),
    "screen.address": (0x08, 0x77),
    "screen.contrast": (0, 255),
    "screen.spi_device": (0, 2),
    "screen.spi_dc": (0, 27),
    "screen.spi_reset": (0, 27),
    "uploads.quiet_s": (0.1, 600),
    "sessions.quota_mb": (0, 10_000_000),
    "copilot.seconds": (0.5, 60),
}
"""The least and the most of a number."""

ONE_OF: Mapping[str, tuple[str | int, ...]] = {
    "footswitch.gpio_pull": PULLS,
    "footswitch.gpio_active": LEVELS,
    "screen.driver": (*DRIVERS, NO_SCREEN),
    "screen.bus": BUSES,
    "screen.rotate": (0, 2),
    "uploads.switch": (AT_ONCE, ASK),
    "uploads.embedder": (EMBEDDER, "pitch-histogram", "specdiff"),
}

MOVED: Mapping[str, str] = {
    "midi_output": "midi.output",
    "midi_input": "midi.input",
    "profile": "midi.profile",
    "clock_output": "midi.clock_output",
    "follow_clock": "midi.follow_clock",
    "priority": "player.priority",
    "cpu": "player.cpu",
    "stale_ms": "player.stale_ms",
}
"""Keys of old, and where they are now."""
