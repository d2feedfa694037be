"""What is worked out once about a bundle, so that a decision need not."""

from bisect import bisect_left
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.keeping.bundle import LABEL_MARK, Bundle
from corpus.neighbours import Neighbours

NOWHERE = -1  # the row of a segment that is not there
OFFSETS = (1, 2, -1, -2)  # next, next but one, previous, previous but one
SAMPLE = 512  # pairs, and rows, that stand for the whole corpus
A_PAGE = 1024  # entries of two bytes or more that a page has room for
EVEN = 0.01  # beats; beginnings nearer than this are the same

Rows = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]


class Facts:
    """Each fact is worked out when it is first asked for; `ready` asks for all of them."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def ready(self) -> "Facts":
        """Work everything out now, and have the pages of the tables at hand, so that no decision
        waits for them: a quarter of a second for 100,000 segments."""
        self.random_step, self.sample, self.in_time, self.metres, self._by_id  # noqa: B018
        self.ambit, self.bpm, self.fifths, self.sure, self._labels  # noqa: B018
        for table in (self.neighbours["segment"], self.embeddings):
            int(np.count_nonzero(table[:, ::A_PAGE]))
        return self

    @cached_property
    def segments(self) -> NDArray[Any]:
        return np.asarray(self._bundle.segments)

    @cached_property
    def neighbours(self) -> Neighbours:
        return np.asarray(self._bundle.neighbours)

    @cached_property
    def embeddings(self) -> NDArray[np.float16]:
        return np.asarray(self._bundle.embeddings)

    @cached_property
    def percentiles(self) -> NDArray[Any]:
        return np.asarray(self._bundle.percentiles)

    @cached_property
    def tracks(self) -> Rows:
        """A number for each segment's track."""
        codes: Rows = np.unique(self.segments["track"], return_inverse=True)[1].reshape(-1)
        return codes

    @cached_property
    def triple(self) -> NDArray[np.bool_]:
        return np.asarray(self.segments["bar"] % 3 == 0)

    @cached_property
    def ambit(self) -> Floats:
        """The lowest key, the highest and the mean pitch of each segment; shape (3, n)."""
        names = ("low", "high", "mean_pitch")
        return np.stack([self.segments[name].astype(np.float64) for name in names])

    @cached_property
    def bpm(self) -> Floats:
        return np.ascontiguousarray(self.segments["bpm"], np.float64)

    @cached_property
    def minor(self) -> NDArray[np.bool_]:
        return self.segments["key_minor"].astype(bool)

    @cached_property
    def fifths(self) -> Rows:
        """Each segment's key signature as its place on the circle of fifths, as it stands; a minor
        key stands with its relative major."""
        tonic = self.segments["key_tonic"].astype(int) + 3 * self.minor
        place: Rows = tonic * 7 % 12
        return place

    @cached_property
    def sure(self) -> Floats:
        """Of its key, 0..1."""
        return np.ascontiguousarray(self.segments["key_confidence"], np.float64)

    @cached_property
    def metres(self) -> frozenset[bool]:
        """Whether there are segments in triple metre (True) and in others (False)."""
        return frozenset(np.unique(self.triple).tolist())

    @cached_property
    def sample(self) -> Rows:
        """Rows that stand for the corpus."""
        size = len(self._bundle)
        chosen = np.random.default_rng(0).choice(size, min(size, SAMPLE), replace=False)
        return np.sort(chosen)

    @cached_property
    def random_step(self) -> float:
        """How far apart (1 - similarity) two segments are that chance put together: the median.

        The unit in which steps are measured, since embedders differ in how wide they spread."""
        size = len(self._bundle)
        if size < 2:
            return 1.0
        rng = np.random.default_rng(0)
        first = rng.integers(size, size=SAMPLE)
        other = (first + rng.integers(1, size, size=SAMPLE)) % size
        pair = [self.embeddings[rows].astype(np.float32) for rows in (first, other)]
        return max(1e-3, 1.0 - float(np.median((pair[0] * pair[1]).sum(axis=1))))

    @cached_property
    def in_time(self) -> dict[int, Rows]:
        """For each of OFFSETS the row that stands so many lengths later in the same track, or
        NOWHERE: nothing is cut there."""
        starts = self.segments["start_beat"].astype(np.float64)
        wide = float(starts.max() + 4 * self.segments["beats"].max() + 1)
        key = (self.tracks + 1) * 2 * wide + starts  # tracks never reach into each other
        order = np.argsort(key, kind="stable")
        return {
            offset: _rows_at(key, order, key + offset * self.segments["beats"])
            for offset in OFFSETS
        }

    @cached_property
    def _by_id(self) -> Rows:
        return np.argsort(self.segments["id"], kind="stable")

    def row(self, segment_id: str) -> int | None:
        """The row of a segment by its id, if there is one."""
        ids, order = self.segments["id"], self._by_id
        place = bisect_left(order, segment_id, key=lambda row: str(ids[row]))
        found = int(order[place]) if place < len(order) else NOWHERE
        return found if found != NOWHERE and str(ids[found]) == segment_id else None

    @cached_property
    def _labels(self) -> tuple[Rows, list[frozenset[str]]]:
        """For each segment the number of its set of labels, and the sets."""
        texts, numbers = np.unique(self.segments["labels"], return_inverse=True)
        sets = [
            frozenset(text.split(LABEL_MARK)) if text else frozenset() for text in texts.tolist()
        ]
        return numbers.reshape(-1), sets

    def labels(self, row: int) -> frozenset[str]:
        numbers, sets = self._labels
        return sets[int(numbers[row])]

    def signature(self, rows: Rows, semitones: Rows | int) -> Rows:
        """The key signature that sounds when these rows are transposed, on the circle of fifths."""
        place: Rows = (self.fifths[rows] + 7 * np.asarray(semitones)) % 12
        return place

    def of_metre(self, bar: float, rows: Rows) -> NDArray[np.bool_]:
        """Those in this metre, duple with duple and triple with triple; all where none is."""
        same: NDArray[np.bool_] = self.triple[rows] == (bar % 3 == 0)
        return same if same.any() else np.ones(len(rows), bool)


def _rows_at(key: Floats, order: Rows, wanted: Floats) -> Rows:
    place = np.searchsorted(key[order], wanted - EVEN)
    found = order[np.minimum(place, len(order) - 1)]
    return np.where(np.abs(key[found] - wanted) <= EVEN, found, NOWHERE)
