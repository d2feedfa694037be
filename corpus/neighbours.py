"""Which phrases are near which, in their best transposition: cosines between embeddings.

One similarity a pair. An embedder need not treat a transposition as a mere shift (one that looks
at the register does not), so moving one phrase towards the other may give another cosine than
moving the other one back. The similarity of a and b under a transposition t is therefore the mean
of both, (a . T(t) b + T(-t) a . b) / 2, which is the cosine between the two phrases each taken in
both keys; a tritone is taken upwards both times. The best t counts. So a pair has the same number
from either side, whatever else is in the corpus.

Up to EXACT_LIMIT phrases every pair is compared. Beyond it a graph index (HNSW: Malkov and
Yashunin 2018; the library usearch) proposes neighbours, which are then measured just as exactly,
and how many of the true neighbours it proposes is measured on a sample.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.cutting.rotation import rotate
from models.embedder import Embedder, Vectors
from models.errors import ModelError
from models.notes import Notes, Phrase

NEIGHBOUR = np.dtype(
    [("segment", "<i4"), ("transpose", "i1"), ("rotate", "u1"), ("similarity", "<f4")]
)
"""`transpose` semitones (-5..6), and beginning it at its beat `rotate`, bring the neighbour to what
it is compared with."""

K = 64
TRANSPOSITIONS = np.arange(-5, 7)
EXACT_LIMIT = 20_000  # phrases; the exact way takes a minute here and grows with the square
RECALL = 0.95  # what an approximate table has at least
EXPANSIONS = (64, 96, 128, 192, 256, 512)  # how far the index looks around, tried in turn
SAMPLE = 256  # rows that recall is measured on

_ORDER = np.array(sorted(range(12), key=lambda i: abs(TRANSPOSITIONS[i])))  # the smallest first
_INVERSE = 10 - np.arange(12) + 12 * (TRANSPOSITIONS == 6)  # -t for t, and 6 for 6
_PROMISING = 0.9  # recall of a sample on its own; what the other rows find adds to it
_TIE = 1e-6  # scores this close are equal: the rounding of sums of products is below it
_BATCH = 2048  # phrases embedded, or columns compared, at once
_TILE = 1 << 22  # scores in memory at once
_PAIRS = 4096  # pairs measured at once
_QUERIES = 1024  # phrases looked up at once, each in twelve transpositions
_PROPOSALS = 1.5  # times k: so many of the index's answers are measured

Neighbours = NDArray[Any]  # of dtype NEIGHBOUR
Rows = NDArray[np.integer[Any]]
Mover = Callable[[Rows, int, int], Vectors]
"""Unit vectors of the phrases of these rows after a transposition (semitones) and a rotation
(beats), one row each."""
Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """A neighbour table and how it was made.

    `table` has shape (n, min(k, n - 1)), nearest first, equals in the order of the corpus.
    `method` is "exact" or "usearch"; `recall` is the share of the true k nearest in it, measured
    on SAMPLE rows (the lowest of all rotations; 1 when exact).
    """

    table: Neighbours
    method: str
    recall: float


def compare_phrases(
    embedder: Embedder,
    phrases: Sequence[Phrase],
    vectors: Vectors,
    k: int = K,
    rotations: bool = False,
    progress: Progress = lambda done, total: None,
) -> Comparison:
    """Compare every phrase with every other; `vectors` are the embeddings as they stand.

    With `rotations`, phrases of the same whole number of beats are compared from every beat too,
    which takes as many times longer as they have beats.
    """

    def move(rows: Rows, semitones: int, by: int) -> Vectors:
        if semitones == 0 and by == 0:
            return vectors[rows]
        return embed_moved(embedder, [phrases[row] for row in rows], semitones, by)

    beats = np.array([phrase.beats for phrase in phrases]) if rotations else None
    return compare(move, len(phrases), k, beats, progress)


def compare(
    move: Mover,
    size: int,
    k: int = K,
    beats: NDArray[Any] | None = None,
    progress: Progress = lambda done, total: None,
    exact_limit: int = EXACT_LIMIT,
) -> Comparison:
    """The neighbour table of `size` phrases that are known by their vectors only.

    `move` is asked for a batch of rows at a time; the twelve transpositions of all rows are in
    memory at once (48 bytes a phrase and dimension, twice that for rotations). With `beats`, the
    length of each phrase, those of the same whole length are compared in every rotation.
    """
    passes = [(np.arange(size), 0, 0), *_rotations(beats)]
    meter = _Meter(progress, sum(_work(*one) for one in passes))
    done: Comparison | None = None
    still = _gather(move, np.arange(size))
    for rows, by, length in passes:
        one = _compare(_space(move, still, rows, by, length, meter), k, exact_limit, meter)
        one.table["segment"] = rows[one.table["segment"]]
        done = one if done is None else _merge(done, one, rows)
    assert done is not None  # the first pass is always there
    return done


def nearest_to(embedder: Embedder, phrase: Phrase, vectors: NDArray[Any], k: int = K) -> Neighbours:
    """The `k` rows of `vectors` nearest to a phrase from outside; shape (min(k, n),).

    Only the query is transposed (the other way), so one phrase costs twelve embeddings. `vectors`
    may be a bundle's memory-mapped half-precision embeddings: they are read a piece at a time.
    """
    return nearest_of(in_twelve_keys(embedder, phrase), vectors, k)


def in_twelve_keys(embedder: Embedder, phrase: Phrase) -> Vectors:
    """The vectors of a phrase moved by minus each of TRANSPOSITIONS, shape (12, d): what rows that
    are transposed by these are compared with."""
    return np.concatenate([embedder.embed([moved(phrase, -int(t), 0)]) for t in TRANSPOSITIONS])


def nearest_of(twelve: Vectors, vectors: NDArray[Any], k: int = K) -> Neighbours:
    """The `k` rows of `vectors` nearest to a phrase that is known by its vector in twelve keys."""
    queries = twelve[_ORDER]
    scores = np.empty((len(queries), len(vectors)), np.float32)
    for start in range(0, len(vectors), _BATCH):
        piece = np.asarray(vectors[start : start + _BATCH], np.float32)
        np.matmul(queries, piece.T, out=scores[:, start : start + len(piece)])
    similarity = np.clip(scores.max(axis=0), -1.0, 1.0)
    nearest = _top(similarity[np.newaxis], min(k, len(vectors)))[0]
    nearest = nearest[np.argsort(-similarity[nearest], kind="stable")]
    found = np.zeros(len(nearest), NEIGHBOUR)
    found["segment"] = nearest
    found["similarity"] = similarity[nearest]
    found["transpose"] = TRANSPOSITIONS[_ORDER[_first_best(scores[:, nearest].T)]]
    return found


# -- vectors in every transposition ---------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Space:
    """Phrases as they stand, (n, d); in twelve transpositions after a rotation by `by` beats,
    (n, 12, d); and the same after the opposite rotation, by `length` - `by`."""

    still: Vectors
    moved: Vectors
    back: Vectors
    by: int = 0
    length: int = 0

    def __len__(self) -> int:
        return len(self.still)


@dataclass
class _Meter:
    """Counts work done against a total that is an estimate."""

    report: Progress
    total: int
    done: float = field(default=0.0)

    def add(self, work: float) -> None:
        self.done = min(self.done + work, self.total)
        self.report(int(self.done), self.total)


def embed_moved(
    embedder: Embedder, phrases: Sequence[Phrase], semitones: int, by: int = 0
) -> Vectors:
    """The vectors of phrases after a transposition (semitones) and a rotation (beats)."""
    return embedder.embed([moved(phrase, semitones, by) for phrase in phrases])


def moved(phrase: Phrase, semitones: int, by: int = 0) -> Phrase:
    """For measuring only: notes that leave the MIDI range come back in by an octave."""
    notes = _transpose_within(phrase.notes, semitones) if semitones else phrase.notes
    return replace(phrase, notes=rotate(notes, phrase.beats, by) if by else notes)


def _transpose_within(notes: Notes, semitones: int) -> Notes:
    pitch = notes["pitch"].astype(np.int16) + semitones
    moved = notes.copy()
    moved["pitch"] = pitch + 12 * (pitch < 0) - 12 * (pitch > 127)
    return moved


def _rotations(beats: NDArray[Any] | None) -> Iterator[tuple[Rows, int, int]]:
    """(rows, rotation, length) for phrases of each whole length that more than one has."""
    if beats is None:
        return
    for length in np.unique(beats[beats % 1 == 0]):
        rows = np.flatnonzero(beats == length)
        if len(rows) > 1:
            yield from ((rows, by, int(length)) for by in range(1, int(length)))


def _work(rows: Rows, by: int, length: int) -> int:
    """How much a pass has to do: move each row, maybe the other way too, and compare it."""
    return len(rows) * (2 if 2 * by == length else 3)


def _space(move: Mover, still: Vectors, rows: Rows, by: int, length: int, meter: _Meter) -> _Space:
    moved = _gather_moved(move, rows, by, meter)
    back = moved if 2 * by == length else _gather_moved(move, rows, length - by, meter)
    return _Space(still[rows], moved, back, by, length)


def _gather(move: Mover, rows: Rows) -> Vectors:
    if len(rows) == 0:
        return np.zeros((0, 0), np.float32)
    return np.concatenate([move(batch, 0, 0) for batch in _batches(rows)]).astype(np.float32)


def _gather_moved(move: Mover, rows: Rows, by: int, meter: _Meter) -> Vectors:
    moved = np.zeros((len(rows), 12, 0), np.float32)
    filled = 0
    for batch in _batches(rows):
        for column, semitones in enumerate(TRANSPOSITIONS.tolist()):
            vectors = move(batch, semitones, by)
            if not np.isfinite(vectors).all():
                raise ModelError("an embedding holds a value that is not a number")
            if moved.shape[2] == 0:
                moved = np.empty((len(rows), 12, vectors.shape[1]), np.float32)
            moved[filled : filled + len(batch), column] = vectors
        filled += len(batch)
        meter.add(len(batch))
    return moved


def _batches(rows: Rows, size: int = _BATCH) -> Iterator[Rows]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


# -- one pass -------------------------------------------------------------------------------------


def _compare(space: _Space, k: int, exact_limit: int, meter: _Meter) -> Comparison:
    k = min(k, len(space) - 1)
    if k < 1:
        return Comparison(np.zeros((len(space), 0), NEIGHBOUR), "exact", 1.0)
    found = _compare_by_index(space, k, meter) if len(space) > exact_limit else None
    return found or _compare_exactly(space, k, meter)


def _compare_exactly(space: _Space, k: int, meter: _Meter) -> Comparison:
    table = np.zeros((len(space), k), NEIGHBOUR)
    for rows in _batches(np.arange(len(space)), _rows_a_tile(space)):
        table[rows] = _rank(space, *_propose_exactly(space, rows, k), k)
        meter.add(len(rows))
    return Comparison(table, "exact", 1.0)


def _propose_exactly(space: _Space, rows: Rows, k: int) -> tuple[Rows, Rows]:
    """Each of these rows k times, and its k nearest."""
    return np.repeat(rows, k), _top(_best_of_all(space, rows), k).ravel()


def _best_of_all(space: _Space, rows: Rows) -> NDArray[np.float32]:
    """The similarity of these rows to every row, and -inf to themselves."""
    best = np.full((len(rows), len(space)), -np.inf, np.float32)
    ours = [
        np.concatenate([space.still[rows], space.back[rows, _INVERSE[column]]], axis=1) / 2
        for column in range(12)
    ]
    for start in range(0, len(space), _BATCH):
        piece = slice(start, start + _BATCH)
        for column in range(12):
            theirs = np.concatenate([space.moved[piece, column], space.still[piece]], axis=1)
            np.maximum(best[:, piece], ours[column] @ theirs.T, out=best[:, piece])
    best[np.arange(len(rows)), rows] = -np.inf
    return best


def _rows_a_tile(space: _Space) -> int:
    return max(16, _TILE // len(space))


def _top(scores: NDArray[np.float32], k: int) -> Rows:
    """The columns of the k highest of each row, ascending; of equals the first ones."""
    width = scores.shape[1]
    last = np.partition(scores, width - k, axis=1)[:, width - k, np.newaxis]
    above = scores > last + _TIE
    level = (scores >= last - _TIE) & ~above
    room = k - above.sum(axis=1, keepdims=True)
    chosen = above | (level & (np.cumsum(level, axis=1, dtype=np.int32) <= room))
    columns: Rows = np.nonzero(chosen)[1].reshape(len(scores), k)
    return columns


def _rank(space: _Space, rows: Rows, others: Rows, k: int) -> Neighbours:
    """The k nearest of each row among the others beside it; `rows` is sorted, and each row is in
    it k times or more."""
    found = _measure(space, rows, others)
    order = np.lexsort((others, -found["similarity"], rows))
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    nearest: Neighbours = found[order[first[:, np.newaxis] + np.arange(k)]]
    return nearest


def _measure(space: _Space, rows: Rows, others: Rows) -> Neighbours:
    found = np.zeros(len(rows), NEIGHBOUR)
    found["segment"], found["rotate"] = others, space.by
    for start in range(0, len(rows), _PAIRS):
        some = slice(start, start + _PAIRS)
        scores = _scores(space, rows[some], others[some])
        found["similarity"][some] = np.clip(scores.max(axis=1), -1.0, 1.0)
        found["transpose"][some] = TRANSPOSITIONS[_ORDER[_first_best(scores)]]
    return found


def _scores(space: _Space, rows: Rows, others: Rows) -> NDArray[np.float32]:
    """The similarity of each pair in the twelve transpositions of the other, smallest first.

    Products and sums here do not depend on which of a pair comes first, to the last bit.
    """
    there = (space.moved[others] @ space.still[rows][:, :, np.newaxis])[:, :, 0]
    back = (space.back[rows] @ space.still[others][:, :, np.newaxis])[:, :, 0]
    mean: NDArray[np.float32] = (there[:, _ORDER] + back[:, _INVERSE[_ORDER]]) / 2
    return mean


def _opposite(semitones: NDArray[np.int8]) -> NDArray[np.int8]:
    return np.where(semitones == 6, semitones, -semitones)


def _first_best(scores: NDArray[np.float32]) -> Rows:
    """The first column of each row that is as good as the best one."""
    best: Rows = np.argmax(scores >= scores.max(axis=1, keepdims=True) - _TIE, axis=1)
    return best


def _merge(old: Comparison, new: Comparison, rows: Rows) -> Comparison:
    """The best of both for each neighbour; the new one holds these rows only, and must be better
    than the old to count, not as good."""
    table = old.table.copy()
    for some in _batches(np.arange(len(rows)), _QUERIES):
        table[rows[some]] = _merge_rows(table[rows[some]], new.table[some])
    method = old.method if new.method == "exact" else new.method
    return Comparison(table, method, min(old.recall, new.recall))


def _merge_rows(old: Neighbours, new: Neighbours) -> Neighbours:
    both = np.concatenate([old, new], axis=1)
    row = np.repeat(np.arange(len(both)), both.shape[1])
    handicap = np.where(np.arange(both.shape[1]) < old.shape[1], 0.0, _TIE)
    return _best_of_each(row, both.ravel(), old.shape[1], np.tile(handicap, len(both)))


def _best_of_each(row: Rows, found: Neighbours, k: int, handicap: Any = 0.0) -> Neighbours:
    """The k nearest different neighbours of each row, from any number that belong to `row`; of
    several ways to one neighbour the best after its handicap, of equals the first."""
    order = np.lexsort((handicap - found["similarity"], found["segment"], row))
    again = (np.diff(row[order]) == 0) & (np.diff(found["segment"][order]) == 0)
    order = order[np.concatenate([[True], ~again])]
    row, found = row[order], found[order]
    order = np.lexsort((found["segment"], -found["similarity"], row))
    first = np.flatnonzero(np.diff(row[order], prepend=-1))
    best: Neighbours = found[order[first[:, np.newaxis] + np.arange(k)]]
    return best


# -- by index -------------------------------------------------------------------------------------


def _compare_by_index(space: _Space, k: int, meter: _Meter) -> Comparison | None:
    """A table with enough recall, or None where the index does not reach it."""
    size = min(SAMPLE, len(space))
    sample = np.sort(np.random.default_rng(0).choice(len(space), size, replace=False))
    last = _last_similarity(space, sample, k)
    index = _build_index(space, meter)
    for expansion in EXPANSIONS:
        index.expansion_search = expansion
        if _recall(_look_up(space, index, sample, k), last) < _PROMISING:
            continue
        table = _table_by_index(space, index, k, meter)
        recall = _recall(table[sample], last)
        if recall >= RECALL:
            return Comparison(table, "usearch", round(recall, 4))
    return None


def _table_by_index(space: _Space, index: Any, k: int, meter: _Meter) -> Neighbours:
    table = np.zeros((len(space), k), NEIGHBOUR)
    for rows in _batches(np.arange(len(space)), _QUERIES):
        table[rows] = _look_up(space, index, rows, k)
        meter.add(len(rows) / 2)
    return _mirrored(table, space)


def _mirrored(table: Neighbours, space: _Space) -> Neighbours:
    """The table with what each row's neighbours know of it: a pair that the index found from one
    side only counts from both."""
    size, k = table.shape
    seen_by = np.argsort(table["segment"], axis=None, kind="stable")
    ends = np.cumsum(np.bincount(table["segment"].ravel(), minlength=size))
    whole = np.empty_like(table)
    for rows in _batches(np.arange(size)):
        some = seen_by[ends[rows[0] - 1] if rows[0] else 0 : ends[rows[-1]]]
        found = table.ravel()[some]
        row = np.concatenate([np.repeat(rows, k), found["segment"]])
        found["segment"] = some // k
        found["transpose"] = _opposite(found["transpose"])
        found["rotate"] = space.length - space.by
        whole[rows] = _best_of_each(row, np.concatenate([table[rows].ravel(), found]), k)
    return whole


def _build_index(space: _Space, meter: _Meter) -> Any:
    from usearch.index import Index  # here: who only reads a bundle needs no index

    index = Index(ndim=space.still.shape[1], metric="ip", dtype="f16", expansion_add=128)
    for rows in _batches(np.arange(len(space))):
        # One thread: with more, the graph depends on which of them comes first.
        index.add(rows, space.still[rows], threads=1)
        meter.add(len(rows) / 2)
    return index


def _look_up(space: _Space, index: Any, rows: Rows, k: int) -> Neighbours:
    """The k nearest of each of these rows among what the index proposes."""
    pairs = _propose(space, index, rows, k)
    count = np.bincount(np.searchsorted(rows, pairs[0]), minlength=len(rows))
    short = rows[count < k]  # their part of the graph has no way out
    if len(short):
        known = ~np.isin(pairs[0], short)
        more = _propose_exactly(space, short, k)
        pairs = (np.append(pairs[0][known], more[0]), np.append(pairs[1][known], more[1]))
        order = np.argsort(pairs[0], kind="stable")
        pairs = pairs[0][order], pairs[1][order]
    return _rank(space, *pairs, k)


def _propose(space: _Space, index: Any, rows: Rows, k: int) -> tuple[Rows, Rows]:
    """Pairs of these rows with the best of what the index finds, in any transposition."""
    queries = space.back[rows].reshape(-1, space.back.shape[2])
    matches = index.search(queries, k + 1)  # one more: itself, where it is not moved
    keys = np.asarray(matches.keys).astype(np.int64).reshape(len(rows), -1)
    distances = np.array(matches.distances, np.float32).reshape(len(rows), -1)
    nothing = (keys == rows[:, np.newaxis]) | (keys < 0) | (keys >= len(space))
    distances[nothing] = np.inf
    order = np.argsort(distances, axis=1, kind="stable")
    pairs = np.take_along_axis(rows[:, np.newaxis] * len(space) + keys, order, axis=1)
    pairs[np.isinf(np.take_along_axis(distances, order, axis=1))] = -1
    first = np.zeros(pairs.shape, bool)  # where a neighbour is found in its best transposition
    first.flat[np.unique(pairs, return_index=True)[1]] = True
    first &= pairs >= 0
    first &= np.cumsum(first, axis=1) <= _PROPOSALS * k
    ours, others = np.divmod(np.sort(pairs[first]), len(space))
    return ours, others


def _last_similarity(space: _Space, rows: Rows, k: int) -> NDArray[np.float32]:
    """How near the truly k-th nearest of each of these rows is."""
    batches = _batches(rows, _rows_a_tile(space))
    return np.concatenate(
        [np.partition(_best_of_all(space, some), -k, axis=1)[:, -k] for some in batches]
    )


def _recall(found: Neighbours, last: NDArray[np.float32]) -> float:
    """The share that is as near as the truly k-th nearest: equals may stand in for each other."""
    return float((found["similarity"] >= last[:, np.newaxis] - _TIE).mean())
