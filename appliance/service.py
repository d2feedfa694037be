"""`smartlooper run`: the instrument on real ports, for as long as it is wanted."""

import os
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from appliance.box import Box, Hardware, Tuning
from appliance.demo import demo_bundle
from appliance.errors import ConfigError
from appliance.policies import make_policy
from appliance.session import Session, Settings
from appliance.transport import MAX_BPM, MIN_BPM
from corpus.keeping.bundle import embedder_of, open_bundle

CONFIG = Path("/etc/smartlooper/config.toml")


@dataclass(frozen=True)
class Config:
    """Every setting, with its default. MIDI ports are named by a part of their name."""

    midi_output: str = "Disklavier"
    midi_input: str = "Disklavier"
    profile: str = "disklavier-realtime"  # or disklavier-delay, keyboard, or a file of yours
    clock_output: str = ""  # a port that is sent MIDI clock
    follow_clock: bool = False  # take the tempo from MIDI clock on midi_input
    priority: int = 80  # of the player among realtime threads, 1 to 98
    cpu: int = -1  # the core that the player keeps to; -1: the last
    stale_ms: float = 100.0  # a note later than this is left out
    corpus: str = ""  # a bundle; the demo corpus when empty
    policy: str = "groove"
    rng: int = 1
    tempo: float = 0.0  # 0: found from the taps
    state: Path = Path("/var/lib/smartlooper")


def read_config(path: Path | None) -> Config:
    """From TOML; ConfigError names the key, the value and what is allowed."""
    if path is None and not CONFIG.exists():
        return Config()
    path = path or CONFIG
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; check the path") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not readable as TOML ({error})") from error
    defaults = {field.name: field.default for field in fields(Config)}
    for key, value in values.items():
        if key not in defaults:
            near = get_close_matches(key, defaults, 1) or sorted(defaults)
            raise ConfigError(f"{path}: unknown key {key!r}; did you mean {', '.join(near)}?")
        values[key] = _typed(path, key, value, type(defaults[key]))
    config = Config(**values)
    if config.rng < 0:
        raise ConfigError(f"{path}: rng = {config.rng}: 0 or more")
    if config.tempo and not MIN_BPM <= config.tempo <= MAX_BPM:
        raise ConfigError(f"{path}: tempo = {config.tempo:g}: {MIN_BPM:g} to {MAX_BPM:g}, or 0")
    _check_tuning(path, config)
    return config


def _check_tuning(path: Path, config: Config) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if not 1 <= config.priority <= 98:
        raise ConfigError(f"{path}: priority = {config.priority}: 1 to 98")
    if config.cpu != -1 and config.cpu not in cores:
        raise ConfigError(f"{path}: cpu = {config.cpu}: one of {cores}, or -1 for the last")
    if not 1 <= config.stale_ms <= 10_000:
        raise ConfigError(f"{path}: stale_ms = {config.stale_ms:g}: 1 to 10000")


def run(config: Config, state: Path, say: Callable[[str], None]) -> int:
    """Play until q or Ctrl-C; the space bar is the footswitch.

    MIDI ports that are not there yet are waited for. What goes wrong is said on stderr.
    """
    bundle = open_bundle(Path(config.corpus), verify=True) if config.corpus else demo_bundle(say)
    embedder_of(bundle)  # better a complaint now than at the first seed
    policy = make_policy(config.policy)
    hardware = Hardware.real(
        config.midi_output,
        config.midi_input,
        config.profile,
        config.clock_output,
        Tuning(config.priority, None if config.cpu == -1 else config.cpu, config.stale_ms),
    )
    settings = Settings(config.rng, config.tempo or None, ahead=hardware.ahead, lead=hardware.lead)
    session = Session(settings, bundle, policy)
    new_folder = partial(_new_folder, state)
    box = Box(session, bundle, hardware, new_folder, follow_clock=config.follow_clock)
    say(f"corpus {bundle.name}, {len(bundle)} segments; space: tap, q: quit")
    shown = ""
    with box.on_stage():
        try:
            while not (hardware.quit or box.told_to_stop):
                box.wait()
                box.turn()
                shown = _tell(box, shown, say)
        finally:
            box.close()
    return 0


def _tell(box: Box, shown: str, say: Callable[[str], None]) -> str:
    """Say what is new on the screen, and what went wrong; returns what the screen shows now."""
    view = box.view
    line = " ".join(filter(None, (view.state, view.current, view.warning, view.notice)))
    if line != shown:
        say(line)
    while box.faults:
        print(f"smartlooper: {box.faults.popleft()}", file=sys.stderr, flush=True)
    return line


def _typed(path: Path, key: str, value: Any, wanted: type) -> Any:
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if issubclass(wanted, Path) and isinstance(value, str):
        return Path(value)
    if not isinstance(value, wanted) or isinstance(value, bool) is not (wanted is bool):
        raise ConfigError(f"{path}: {key} = {value!r}: a {wanted.__name__} is wanted")
    return value


def _new_folder(state: Path) -> Path:
    """Named by wall-clock time; a second take within a second gets a number."""
    base = state / "sessions" / datetime.now().strftime("%Y%m%d-%H%M%S")
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder
