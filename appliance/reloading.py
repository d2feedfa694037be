"""What of a changed configuration can be taken over while the box runs."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from appliance.config import Config

LIVE = (
    "tempo", "rng", "power_off", "policy", "warmup", "dynamics", "midi.second_channel",
    "footswitch.lock", "footswitch.double_s", "footswitch.hold_s", "footswitch.long_hold_s",
    "footswitch.table", "uploads.switch", "sessions", "copilot",
)  # fmt: skip
"""Keys, and tables whose keys all are, that change nothing which is open."""


def changed(old: Any, new: Any, place: str = "") -> list[str]:
    """The names of the keys that differ."""
    found: list[str] = []
    for one in fields(old):
        name, was, is_now = f"{place}{one.name}", getattr(old, one.name), getattr(new, one.name)
        if was == is_now:
            continue
        found += changed(was, is_now, f"{name}.") if is_dataclass(was) else [name]
    return found


def is_live(name: str) -> bool:
    """Whether a change of this key is taken over at once, or with the next take."""
    return any(name == one or name.startswith(f"{one}.") for one in LIVE)


def taken_over(old: Config, new: Config) -> Config:
    """The old one with what may change of the new."""
    for name in filter(is_live, changed(old, new)):
        table, _, key = name.rpartition(".")
        if table:
            part = replace(getattr(old, table), **{key: getattr(getattr(new, table), key)})
            old = replace(old, **{table: part})
        else:
            old = replace(old, **{name: getattr(new, name)})
    return old
