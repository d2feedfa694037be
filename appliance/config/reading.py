"""The configuration from TOML: what is wrong is told by key, value and what is allowed."""

import os
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from appliance.config.keys import NEW, Config, PolicyKeys
from appliance.config.limits import LIMITS, MOVED, ONE_OF
from appliance.errors import ConfigError
from appliance.footswitch import ROWS, read_table
from appliance.policies import POLICIES, make_policy
from appliance.transport import MAX_BPM, MIN_BPM
from firmware.errors import FirmwareError
from firmware.switches import SOURCES

CONFIG = Path("/etc/smartlooper/config.toml")
LARGEST_WHOLE = 2**53  # that a float holds
LONGEST_SHOWN = 60

_WANTED = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a string in quotes",
    tuple: "a list of strings",
}


def read_config(path: Path | None) -> Config:
    """From `path`, else from CONFIG if it is there; ConfigError names the file, the key, the value
    and what is allowed."""
    if path is None and not CONFIG.exists():
        return Config()
    path = path or CONFIG
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; check the path") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    try:
        return parse(text)
    except (ConfigError, FirmwareError) as error:
        raise ConfigError(f"{path}: {error}") from error


def parse(text: str) -> Config:
    """From the text of a file; ConfigError names the key, the value and what is allowed."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"not readable as TOML ({error})") from error
    config: Config = _read(Config(), "", values)
    _check_together(config)
    return config


def names() -> list[str]:
    """Every key that there is, those of the footswitch's table and a policy's options apart."""
    return sorted(_names(Config(), ""))


def _names(defaults: Any, place: str) -> list[str]:
    found: list[str] = []
    for one in fields(defaults):
        value = getattr(defaults, one.name)
        if is_dataclass(value):
            found += _names(value, f"{one.name}.")
        elif f"{place}{one.name}" not in ("footswitch.table", "policy.options"):
            found.append(f"{place}{one.name}")
    return found


def _read(defaults: Any, place: str, values: Mapping[str, Any]) -> Any:
    """A dataclass like `defaults` with changes."""
    known = {one.name: getattr(defaults, one.name) for one in fields(defaults)}
    known.pop("table", None)
    found: dict[str, Any] = {}
    rows = {key: value for key, value in values.items() if place == "footswitch." and key in ROWS}
    for key, value in values.items():
        if key in rows:
            continue
        if key not in known:
            raise ConfigError(_unknown(key, place, known))
        found[key] = _one(f"{place}{key}", value, known[key])
    if rows:
        found["table"] = read_table(rows)
    return type(defaults)(**found)


def _one(name: str, value: Any, default: Any) -> Any:
    if name == "policy":
        return _policy(value)
    if not is_dataclass(default):
        return _checked(name, value, default)
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"{name} = {_shown(value)}: a table is wanted, [{name}] on a line of its own"
        )
    return _read(default, f"{name}.", value)


def _unknown(key: str, place: str, known: Mapping[str, Any]) -> str:
    if not place and key in MOVED:
        return f"{key} is now {_spoken(MOVED[key])}"
    elsewhere = {name.rpartition(".")[2]: name for name in reversed(names())}
    if key in elsewhere:
        return f"unknown key {place}{key}; did you mean {_spoken(elsewhere[key])}?"
    allowed = [*known, *(ROWS if place == "footswitch." else ())]
    near = [f"{place}{one}" for one in get_close_matches(key, allowed, 1)]
    near = near or get_close_matches(key, names(), 1)
    if near:
        return f"unknown key {place}{key}; did you mean {near[0]}?"
    return f"unknown key {place}{key}; there is {', '.join(sorted(allowed))}"


def _spoken(name: str) -> str:
    table, _, key = name.rpartition(".")
    return f"{key} in [{table}]" if table else key


def _policy(value: Any) -> PolicyKeys:
    """From a string or a table; make_policy says what is wrong with it."""
    if isinstance(value, str):
        make_policy(value)
        return PolicyKeys(value)
    if not isinstance(value, Mapping):
        raise ConfigError(f"policy = {_shown(value)}: a name or a table is wanted")
    options = {key: _option(key, one) for key, one in value.items() if key != "name"}
    name = _checked("policy.name", value.get("name", PolicyKeys.name), PolicyKeys.name)
    if name not in POLICIES and ":" not in name:
        raise ConfigError(f"policy.name = {name!r}: one of {', '.join(sorted(POLICIES))} is wanted")
    make_policy(name, options)
    return PolicyKeys(name, options)


def _option(key: str, value: Any) -> float | str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ConfigError(f"policy.{key} = {_shown(value)}: a number or a string is wanted")
    return value


def _checked(name: str, value: Any, default: Any) -> Any:
    """The value as its default's type, within its limits."""
    if name == "rng":
        return _random_seed(value)
    value = _typed(name, value, default)
    if name in LIMITS:
        low, high = LIMITS[name]
        if not low <= value <= high:
            raise ConfigError(f"{name} = {_shown(value)}: {low:.15g} to {high:.15g} is wanted")
    if name in ONE_OF and value not in ONE_OF[name]:
        wanted = ", ".join(repr(one) for one in ONE_OF[name])
        raise ConfigError(f"{name} = {_shown(value)}: one of {wanted} is wanted")
    return value


def _typed(name: str, value: Any, default: Any) -> Any:
    kind = str if isinstance(default, Path) else type(default)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind is float and whole and abs(value) <= LARGEST_WHOLE:
        value = float(value)
    if kind is tuple and isinstance(value, list):
        value = tuple(value)
    right = isinstance(value, kind) and isinstance(value, bool) is (kind is bool)
    if not right or (kind is tuple and not all(isinstance(one, str) for one in value)):
        raise ConfigError(f"{name} = {_shown(value)}: {_WANTED[kind]} is wanted")
    if isinstance(value, str) and "\0" in value:
        raise ConfigError(f"{name} = {_shown(value)}: it may not hold a null character")
    if not isinstance(default, Path):
        return value
    if not value:
        raise ConfigError(f"{name} is empty: a path is wanted")
    return Path(value)


def _shown(value: Any) -> str:
    """A value as a message has room for it."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def _random_seed(value: Any) -> int | str:
    low, high = LIMITS["rng"]
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value != NEW and not (whole and low <= value <= high):
        raise ConfigError(f"rng = {_shown(value)}: a whole number, 0 or more, or {NEW!r} is wanted")
    found: int | str = value
    return found


def _check_together(config: Config) -> None:
    """What one key alone cannot tell."""
    if config.tempo and not MIN_BPM <= config.tempo <= MAX_BPM:
        raise ConfigError(f"tempo = {config.tempo:g}: {MIN_BPM:g} to {MAX_BPM:g}, or 0, is wanted")
    cores = sorted(os.sched_getaffinity(0))
    if config.player.cpu not in (-1, *cores):
        raise ConfigError(
            f"player.cpu = {config.player.cpu}: one of {cores}, or -1 for the last, is wanted"
        )
    _check_footswitch(config)
    try:
        shlex.split(config.power_off)
    except ValueError as error:
        raise ConfigError(f"power_off = {config.power_off!r}: not a command ({error})") from error
    if config.copilot.base_url and not config.copilot.model:
        raise ConfigError("copilot.model is empty: the name of a model is wanted with a base_url")


def _check_footswitch(config: Config) -> None:
    for source in config.footswitch.sources:
        if source not in SOURCES:
            wanted = ", ".join(map(repr, SOURCES))
            raise ConfigError(f"footswitch.sources: {source!r}: only {wanted} are wanted")
    try:
        config.timing()
        config.switches()
    except FirmwareError as error:
        raise ConfigError(f"footswitch: {error}") from error
