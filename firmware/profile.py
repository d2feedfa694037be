"""How an instrument behaves: what it takes to make its keys sound when, and as, they are meant to.

A profile is a small TOML file; the ones that come along stand in `firmware/profiles`. Times are in
milliseconds there, and in nanoseconds everywhere else.
"""

import contextlib
import difflib
import itertools
import json
import os
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from firmware.errors import FirmwareError

MS = 1_000_000
CONTINUOUS, BINARY, NO_PEDALS = "continuous", "binary", "none"
_PEDAL_MODES = (CONTINUOUS, BINARY, NO_PEDALS)
_MOST_LATENCY_MS = 2000
_MOST_POINTS = 128
_VOLUME = 7
_PATIENCE_NS = 100 * MS


class ProfileError(FirmwareError, ValueError):
    """A profile is missing, cannot be read, or holds what no instrument can have."""


@dataclass(frozen=True)
class Profile:
    """The settings of one instrument; what is not given is as on a plain keyboard.

    Raises ProfileError, in one line, when a value is of the wrong type or out of range.
    """

    name: str = "keyboard"
    channel: int = 1
    """1..16, as printed on instruments."""
    lowest_key: int = 0
    highest_key: int = 127
    output_latency_ms: float = 0
    """From arrival to sound, for the loudest notes, for releases and for pedals."""
    velocity_latency: tuple[tuple[int, float], ...] = ()
    """(velocity as sent, further ms): linear between the points, flat outside."""
    input_latency_ms: float = 0
    """From a key's sound to the arrival of its message here."""
    min_length_ms: float = 0
    repeat_gap_ms: float = 0
    """How long a key must be up before it can be struck again."""
    velocity_range: tuple[int, int] = (1, 127)
    """What 1..127 is compressed into."""
    polyphony: int = 0
    """Keys that the loop may have down at once; 0 means any number."""
    pedal_mode: str = CONTINUOUS
    """One of "continuous", "binary" (down or up, nothing between) and "none"."""
    pedal_gap_ms: float = 0
    """From a pedal's release to its next press."""
    active_sensing: bool = False
    """Whether to send 0xFE, so that the instrument falls silent when the sender dies."""
    strip_xp: bool = False
    """Whether to drop CC16 and CC81, which refine the velocity of a note not changed since."""
    echo: bool = False
    """Whether the instrument sends back the notes that it is told to play."""
    echo_window_ms: float = 250
    controls: tuple[int, ...] = (64, 66, 67)
    """The controllers that are passed on; all others are dropped."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not _CHECKS[field.name][0](value):
                raise _fault(field.name, value, f"must be {_CHECKS[field.name][1]}")
        if self.lowest_key > self.highest_key:
            allowed = f"must not be above highest_key, which is {self.highest_key}"
            raise _fault("lowest_key", self.lowest_key, allowed)

    @property
    def lead_ns(self) -> int:
        """The most that a note is sent ahead of its sound."""
        return max(delays_ns(self))

    @property
    def look_ahead_ns(self) -> int:
        """How long before its sound a message must be handed over at the latest.

        Before the strike of a key its last release must leave, by the repeat gap; and 100 ms are
        for a caller that comes every 50 ms. With all delayed by 500 ms this makes 700 ms.
        """
        return self.lead_ns + round(self.repeat_gap_ms * MS) + _PATIENCE_NS


def delay_ns(profile: Profile, velocity: int) -> int:
    """How long before its sound a note-on must arrive, by the velocity with which it is sent."""
    return delays_ns(profile)[velocity]


@lru_cache(maxsize=64)
def delays_ns(profile: Profile) -> tuple[int, ...]:
    """`delay_ns` of every velocity 0..127."""
    points = profile.velocity_latency
    extra = (_interpolate(points, velocity) for velocity in range(128))
    return tuple(round((profile.output_latency_ms + ms) * MS) for ms in extra)


def profile_names() -> list[str]:
    """The profiles that come along."""
    found = (Path(item.name) for item in _shipped().iterdir())
    return sorted(path.stem for path in found if path.suffix == ".toml")


def load_profile(name_or_path: str | Path) -> Profile:
    """A profile by the name of one that comes along, or from a file of one's own."""
    text = str(name_or_path)
    try:
        if text in profile_names():
            content = _shipped().joinpath(f"{text}.toml").read_text("utf-8")
        else:
            content = Path(text).read_text("utf-8")
        settings = tomllib.loads(content)
    except FileNotFoundError:
        known = ", ".join(profile_names())
        raise ProfileError(
            f"{text}: no such profile or file{_nearest(text, profile_names())}; known: {known}"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        hint = _why_hidden(text) if isinstance(error, PermissionError) else ""
        raise ProfileError(f"{text}: not a readable TOML file: {_one_line(error)}{hint}") from error
    settings.setdefault("name", Path(text).stem)
    return _built(text, settings)


def write_profile(profile: Profile, path: Path) -> None:
    """Write it so that `load_profile` gives it back; a file there is replaced at once or not."""
    lines = [f"{field.name} = {_toml(getattr(profile, field.name))}" for field in fields(profile)]
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _shipped() -> Any:
    return resources.files("firmware").joinpath("profiles")


def _built(file: str, settings: dict[str, Any]) -> Profile:
    for key, value in settings.items():
        if key not in _CHECKS:
            hint = _nearest(key, list(_CHECKS)) or f"; known: {', '.join(_CHECKS)}"
            raise _fault(key, value, f"no such setting{hint}", file)
    try:
        return Profile(**{key: _frozen(value) for key, value in settings.items()})
    except ProfileError as error:
        raise ProfileError(f"{file}: {error}") from None


def _fault(key: str, value: object, allowed: str, file: str = "") -> ProfileError:
    shown = _one_line(repr(value))
    prefix = f"{file}: " if file else ""
    return ProfileError(f"{prefix}{key} = {shown}: {allowed}")


def _nearest(word: str, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, 1)
    return f"; did you mean {close[0]}?" if close else ""


def _why_hidden(path: str) -> str:
    private = Path(path).parts[1:2] in (("home",), ("root",))
    return "; a service may not look there: move it to /etc/smartlooper" if private else ""


def _one_line(thing: object) -> str:
    text = " ".join(str(thing).split())
    return text if len(text) <= 80 else text[:77] + "..."


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _interpolate(points: tuple[tuple[int, float], ...], velocity: int) -> float:
    if not points:
        return 0.0
    if velocity <= points[0][0]:
        return points[0][1]
    for (below, start), (above, stop) in itertools.pairwise(points):
        if velocity <= above:
            return start + (stop - start) * (velocity - below) / (above - below)
    return points[-1][1]


# What each setting may be: a test, and the same in words.

_Check = tuple[Callable[[Any], bool], str]


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_number(value: Any, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= high


def _whole(low: int, high: int) -> _Check:
    return lambda value: _is_whole(value, low, high), f"a whole number from {low} to {high}"


def _milliseconds(high: float) -> _Check:
    return lambda value: _is_number(value, high), f"milliseconds from 0 to {high:g}"


def _is_table(value: Any) -> bool:
    if not isinstance(value, tuple) or len(value) > _MOST_POINTS:
        return False
    for point in value:
        if not isinstance(point, tuple) or len(point) != 2:
            return False
        if not _is_whole(point[0], 1, 127) or not _is_number(point[1], _MOST_LATENCY_MS):
            return False
    return all(below[0] < above[0] for below, above in itertools.pairwise(value))


def _is_velocity_range(value: Any) -> bool:
    pair = isinstance(value, tuple) and len(value) == 2
    return pair and all(_is_whole(end, 1, 127) for end in value) and value[0] <= value[1]


def _is_controls(value: Any) -> bool:
    known = isinstance(value, tuple) and all(_is_whole(control, 1, 119) for control in value)
    return known and _VOLUME not in value and len(set(value)) == len(value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 60 and value.isprintable()


_FLAG: _Check = (lambda value: isinstance(value, bool), "true or false")

_CHECKS: dict[str, _Check] = {
    "name": (_is_name, "1 to 60 printable characters"),
    "channel": _whole(1, 16),
    "lowest_key": _whole(0, 127),
    "highest_key": _whole(0, 127),
    "output_latency_ms": _milliseconds(_MOST_LATENCY_MS),
    "velocity_latency": (
        _is_table,
        f"[velocity 1 to 127, milliseconds 0 to {_MOST_LATENCY_MS}] pairs, velocities rising",
    ),
    "input_latency_ms": _milliseconds(_MOST_LATENCY_MS),
    "min_length_ms": _milliseconds(1000),
    "repeat_gap_ms": _milliseconds(1000),
    "velocity_range": (_is_velocity_range, "[lowest, highest], both from 1 to 127"),
    "polyphony": _whole(0, 128),
    "pedal_mode": (
        lambda value: isinstance(value, str) and value in _PEDAL_MODES,
        "one of continuous, binary, none",
    ),
    "pedal_gap_ms": _milliseconds(1000),
    "active_sensing": _FLAG,
    "strip_xp": _FLAG,
    "echo": _FLAG,
    "echo_window_ms": _milliseconds(5000),
    "controls": (_is_controls, "different controllers from 1 to 119, and never 7 (volume)"),
}
