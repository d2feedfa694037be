"""Which colour a segment has on the map, and the legend that explains it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.errors import CorpusError
from corpus.hearing.key import MODES, Key
from corpus.keeping.bundle import LABEL_MARK, Bundle

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#332288",
    "#882255",
)
"""Told apart with any colour vision: Okabe and Ito (2008) without yellow, and two dark ones."""

SHAPES = ("disc", "square", "triangle")  # each colour comes in each: 24 groups can be named
RAMP = ("#0d0887", "#6a00a8", "#b12a90", "#e16462", "#fca636")  # matplotlib's plasma, dark to light
OTHERS, OTHERS_INK = "#bdb8af", "#77736c"


@dataclass(frozen=True)
class Group:
    """A line of the legend: segments that are drawn alike."""

    name: str
    colour: str
    shape: str
    count: int


@dataclass(frozen=True, eq=False)
class Colouring:
    """The legend from top to bottom, and for each segment its line in it."""

    title: str
    groups: tuple[Group, ...]
    group_of: NDArray[Any]

    def colour(self, row: int) -> str:
        return self.groups[int(self.group_of[row])].colour

    def ink(self, row: int) -> str:
        """The colour for thin lines, in which the grey of the many would be too faint."""
        colour = self.colour(row)
        return OTHERS_INK if colour == OTHERS else colour


def colouring(bundle: Bundle, by: str) -> Colouring:
    """Colours by a column of the segments, by "key" or by "label" (all of a segment's together).

    Texts are groups, the biggest of them with a colour each; numbers fall into ranges with about
    as many segments in each. CorpusError names what there is.
    """
    if by == "key":
        return _by_text(by, _keys(bundle))
    if by == "label":
        return _by_text(by, _labels(bundle))
    if by not in _columns(bundle):
        raise CorpusError(f"{bundle.path}: nothing called {by!r} to colour by; {_choice(bundle)}")
    values = np.asarray(bundle.segments[by])
    return _by_text(by, values) if values.dtype.kind == "U" else _by_number(by, values)


def _columns(bundle: Bundle) -> list[str]:
    names = bundle.segments.dtype.names or ()
    return [name for name in names if not name.startswith(("first_", "key_", "id", "labels"))]


def _choice(bundle: Bundle) -> str:
    return f"there is label, key, {', '.join(_columns(bundle))}"


def _keys(bundle: Bundle) -> NDArray[Any]:
    tonics, minors = bundle.segments["key_tonic"], bundle.segments["key_minor"]
    names = np.array([[Key(tonic, mode).name for tonic in range(12)] for mode in MODES])
    found: NDArray[Any] = names[(minors > 0).astype(int), tonics % 12]
    return found


def _labels(bundle: Bundle) -> NDArray[Any]:
    labels = np.asarray(bundle.segments["labels"])
    if not (labels != "").any():
        raise CorpusError(f"{bundle.path}: no segment has a label; {_choice(bundle)}")
    return np.char.replace(labels, LABEL_MARK, ", ")


def _by_text(title: str, values: NDArray[Any]) -> Colouring:
    names, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    biggest = np.lexsort((-counts, names == ""))[: len(COLOURS) * len(SHAPES)]
    named = np.sort(biggest[names[biggest] != ""])
    groups = [
        Group(
            str(names[index]), COLOURS[place % len(COLOURS)], SHAPES[place // len(COLOURS)], count
        )
        for place, (index, count) in enumerate(zip(named, counts[named].tolist(), strict=True))
    ]
    line = np.full(len(names), len(groups))
    line[named] = np.arange(len(named))
    rest = np.delete(np.arange(len(names)), named)
    if len(rest):
        groups.append(Group(_rest(names[rest]), OTHERS, SHAPES[0], int(counts[rest].sum())))
    return Colouring(title, tuple(groups), line[which.reshape(-1)])


def _rest(names: NDArray[Any]) -> str:
    others = int((names != "").sum())
    parts = [f"and {others:,} other{'s' * (others > 1)}"] * (others > 0)
    return ", ".join(parts + ["without one"] * (others < len(names)))


def _by_number(title: str, values: NDArray[Any]) -> Colouring:
    starts = _range_starts(values)
    group_of = np.searchsorted(starts, values, side="right") - 1
    groups = []
    for step in range(len(starts)):
        colour = RAMP[round(step * (len(RAMP) - 1) / max(1, len(starts) - 1))]
        members = values[group_of == step]
        groups.append(Group(_range(members), colour, SHAPES[0], len(members)))
    return Colouring(title, tuple(groups), group_of)


def _range_starts(values: NDArray[Any]) -> NDArray[Any]:
    """The least number of each range; a range a number where there are few."""
    different = np.unique(values)
    if len(different) <= len(RAMP):
        return np.asarray(different)
    ordered = np.sort(values)
    quantiles = np.arange(len(RAMP)) * len(ordered) // len(RAMP)
    return np.asarray(np.unique(ordered[quantiles]))


def _range(members: NDArray[Any]) -> str:
    low, high = (_short(float(edge)) for edge in (members.min(), members.max()))
    return low if low == high else f"{low} to {high}"


def _short(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"
