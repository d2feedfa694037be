"""Slow work, away from the music: it is handed over and comes back as a result or a fault."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

from appliance.errors import ApplianceError
from appliance.events import SeedFound
from appliance.folder import STAGE, write_performance
from appliance.plot import plot_session
from appliance.uploads.manners import end_with_parent
from corpus.errors import BundleError, CorpusError
from corpus.keeping.bundle import Bundle, check_embedder, open_bundle
from corpus.neighbours import in_twelve_keys, nearest_of
from models.embedder import Embedder, Vectors, make_embedder
from models.errors import ModelError
from models.notes import Phrase

NICENESS = 15


@dataclass(frozen=True)
class Done:
    """A finished job: its tag, and a result or a one-line fault."""

    tag: str
    result: Any = None
    fault: str = ""


class Jobs(Protocol):
    """Runs functions elsewhere; results are collected, never waited for."""

    def submit(self, tag: str, function: Callable[..., Any], *arguments: Any) -> None: ...

    def finished(self) -> list[Done]: ...

    def close(self, patience_s: float | None = None) -> list[str]:
        """Wait for what was submitted, as long as that at most (None: however long it takes); gives
        the tags of what is not done by then, and never will be."""
        ...

    def abandon(self) -> None:
        """End at once; what was submitted and is not done never will be."""
        ...


class InlineJobs:
    """For the simulated clock: done at once, delivered `delay` ns later."""

    def __init__(self, now: Callable[[], int], delay: int = 1_000_000_000) -> None:
        self._now = now
        self._delay = delay
        self._done: list[tuple[int, Done]] = []

    def submit(self, tag: str, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            done = Done(tag, function(*arguments))
        except Exception as error:  # whatever a job does, the music goes on
            done = Done(tag, fault=_fault(error))
        self._done.append((self._now() + self._delay, done))

    def finished(self) -> list[Done]:
        now = self._now()
        ready = [done for due, done in self._done if due <= now]
        self._done = [(due, done) for due, done in self._done if due > now]
        return ready

    def close(self, patience_s: float | None = None) -> list[str]:
        self._done.clear()
        return []

    def abandon(self) -> None:
        self._done.clear()


class ProcessJobs:
    """A worker process of low priority; one that dies is replaced, its jobs come back as faults."""

    def __init__(self) -> None:
        self._worker: list[BaseProcess] = []
        self._pool = self._start()
        self._pending: dict[str, Future[Any]] = {}

    def submit(self, tag: str, function: Callable[..., Any], *arguments: Any) -> None:
        try:
            self._pending[tag] = self._pool.submit(function, *arguments)
        except BrokenProcessPool:
            self._pool = self._start()
            self._pending[tag] = self._pool.submit(function, *arguments)

    def finished(self) -> list[Done]:
        ready = [tag for tag, future in self._pending.items() if future.done()]
        return [self._result(tag, self._pending.pop(tag)) for tag in ready]

    def close(self, patience_s: float | None = None) -> list[str]:
        wait(self._pending.values(), patience_s)
        left = [tag for tag, future in self._pending.items() if not future.done()]
        if left:
            self.abandon()
        else:
            self._pool.shutdown(wait=True)
        return left

    def abandon(self) -> None:
        for process in self._worker:
            process.terminate()  # at once, even where it has not begun to work yet
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pending.clear()

    def _start(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(
            1, get_context("spawn"), initializer=_be_humble, initargs=(os.getpid(),)
        )
        others = active_children()
        pool.submit(os.getpid)  # now: the first seed should not wait for imports
        self._worker = [process for process in active_children() if process not in others]
        return pool

    @staticmethod
    def _result(tag: str, future: Future[Any]) -> Done:
        error = future.exception()
        return Done(tag, future.result()) if error is None else Done(tag, fault=_fault(error))


def hold_bundle(bundle: Path, sha256: str) -> None:
    """Open a bundle and keep it open, so that it stays what it is whatever comes in its place."""
    _held(bundle, sha256)


def compare_seed(bundle: Path, phrase: Phrase, sha256: str = "") -> SeedFound:
    """The segments of a bundle nearest to a seed, by the embedder that made the bundle.

    With `sha256` it is the bundle that bears it, or BundleError: rows of another are not ours.
    """
    opened = _bundle(bundle, sha256)
    vectors = in_twelve_keys(_embedder_of(opened), phrase)
    return SeedFound(nearest_of(vectors, opened.embeddings), vectors)


def embed_player(bundle: Path, phrase: Phrase, sha256: str = "") -> Vectors:
    """What a player plays, in twelve keys, by the embedder that made the bundle; `sha256` as for
    `compare_seed`."""
    return in_twelve_keys(_embedder_of(_bundle(bundle, sha256)), phrase)


def finish_folder(folder: Path) -> None:
    """Make performance.mid and stage.png from the journal of a take that is over."""
    write_performance(folder)
    plot_session(folder, folder / STAGE)


def _bundle(place: Path, sha256: str) -> Bundle:
    return _held(place, sha256) if sha256 else open_bundle(place)


@lru_cache(maxsize=2)
def _held(place: Path, sha256: str) -> Bundle:
    """Kept by the worker: the one that is played, and the one before it."""
    bundle = open_bundle(place)
    if bundle.sha256 != sha256:
        raise BundleError(f"{place}: another corpus of that name has taken its place")
    return bundle


def _embedder_of(bundle: Bundle) -> Embedder:
    embedder = _embedder(bundle.embedder)
    check_embedder(bundle, embedder)
    return embedder


@lru_cache(maxsize=1)
def _embedder(name: str) -> Embedder:
    """Kept by the worker, which is asked every few seconds; to load one can take as long."""
    return make_embedder(name)


def _be_humble(parent: int) -> None:
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent(parent)


def _fault(error: BaseException) -> str:
    if isinstance(error, ApplianceError | CorpusError | ModelError | OSError):
        return str(error)
    return f"{type(error).__name__}: {error}"
