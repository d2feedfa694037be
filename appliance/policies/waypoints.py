"""Where a trip leads: waypoints in words, and the segments that they mean."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from appliance.errors import ConfigError
from appliance.policies.facts import Facts, Rows
from corpus.hearing.describe import RANKED
from corpus.keeping.bundle import LABEL_MARK

NEAREST = 8  # segments that answer to an attribute value
_LINE = re.compile(r"^\s*([0-9]*\.?[0-9]+)\s*(loops?|min|minutes?)\s+(\S.*?)\s*$")
_VALUE = re.compile(r"^([a-z_]+)\s+(-?[0-9]*\.?[0-9]+)(%?)$")
GRAMMAR = "like '8 loops TRACK@8', '2 min label calm' or '16 loops density 4.5, mean_pitch 80%'"


@dataclass(frozen=True)
class Waypoint:
    """Be there after so many loops, or minutes, from the waypoint before."""

    amount: float
    minutes: bool
    words: str


def read_waypoints(text: str) -> tuple[Waypoint, ...]:
    """From a file, one a line, or from the text itself, parted by semicolons; ConfigError."""
    where, parts = "trip", text.split(";")
    if not _LINE.match(parts[0]):
        where, parts = text, _lines(Path(text))
    kept = [part.split("#")[0] for part in parts]
    waypoints = tuple(_waypoint(where, part) for part in kept if part.strip())
    if not waypoints:
        raise ConfigError(f"{where}: no waypoint; write them {GRAMMAR}")
    return waypoints


def rows_of(facts: Facts, words: str) -> Rows:
    """The segments that are meant; empty where the corpus has none."""
    if words.startswith("label "):
        wanted = words.removeprefix("label ").strip()
        texts, where = np.unique(facts.segments["labels"], return_inverse=True)
        has = np.array([wanted in text.split(LABEL_MARK) for text in texts.tolist()])
        return np.flatnonzero(has[where.reshape(-1)])
    values = [_VALUE.match(part.strip()) for part in words.split(",")]
    if all(value and value[1] in RANKED for value in values):
        return _nearest_in(facts, [value.groups() for value in values if value])
    row = facts.row(words)
    return np.array([] if row is None else [row], int)


def _nearest_in(facts: Facts, values: list[tuple[str, ...]]) -> Rows:
    """By percentiles, in which every attribute counts alike."""
    away = np.zeros(len(facts.segments))
    for name, number, percent in values:
        ranks = np.asarray(facts.percentiles[name], np.float64)
        wanted = float(number)
        if not percent:
            order = np.sort(facts.segments[name].astype(np.float64))
            places = [np.searchsorted(order, wanted, side) for side in ("left", "right")]
            wanted = 50.0 * float(sum(places)) / len(order)
        away += (ranks - wanted) ** 2
    return np.argsort(away, kind="stable")[:NEAREST]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ConfigError(f"trip {str(path)!r}: no such file, and not a waypoint {GRAMMAR}") from (
            error
        )


def _waypoint(where: str, part: str) -> Waypoint:
    match = _LINE.match(part)
    if match is None or float(match[1]) <= 0:
        raise ConfigError(f"{where}: {part.strip()!r} is not a waypoint; write it {GRAMMAR}")
    value = _VALUE.match(match[3].split(",")[0])
    if value and value[1] not in RANKED:
        raise ConfigError(f"{where}: no attribute {value[1]!r}; there is {', '.join(RANKED)}")
    return Waypoint(float(match[1]), match[2].startswith("min"), match[3])
