"""Slow work, away from the music: it is handed over and comes back as a result or a fault."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from appliance.errors import ApplianceError
from appliance.events import SeedFound
from appliance.folder import STAGE, write_performance
from appliance.plot import plot_session
from corpus.errors import CorpusError
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

    def close(self) -> None:
        """Wait for what was submitted."""
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

    def close(self) -> None:
        self._done.clear()


class ProcessJobs:
    """A worker process of low priority; one that dies is replaced, its jobs come back as faults."""

    def __init__(self) -> None:
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

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    @staticmethod
    def _start() -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_be_humble)
        pool.submit(int)  # start it now: the first seed should not wait for imports
        return pool

    @staticmethod
    def _result(tag: str, future: Future[Any]) -> Done:
        error = future.exception()
        return Done(tag, future.result()) if error is None else Done(tag, fault=_fault(error))


def compare_seed(bundle: Path, phrase: Phrase) -> SeedFound:
    """The segments of a bundle nearest to a seed, by the embedder that made the bundle."""
    opened = open_bundle(bundle)
    vectors = in_twelve_keys(_embedder_of(opened), phrase)
    return SeedFound(nearest_of(vectors, opened.embeddings), vectors)


def embed_player(bundle: Path, phrase: Phrase) -> Vectors:
    """What a player plays, in twelve keys, by the embedder that made the bundle."""
    return in_twelve_keys(_embedder_of(open_bundle(bundle)), phrase)


def finish_folder(folder: Path) -> None:
    """Make performance.mid and stage.png from the journal of a take that is over."""
    write_performance(folder)
    plot_session(folder, folder / STAGE)


def _embedder_of(bundle: Bundle) -> Embedder:
    embedder = _embedder(bundle.embedder)
    check_embedder(bundle, embedder)
    return embedder


@lru_cache(maxsize=1)
def _embedder(name: str) -> Embedder:
    """Kept by the worker, which is asked every few seconds; to load one can take as long."""
    return make_embedder(name)


def _be_humble() -> None:
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _fault(error: BaseException) -> str:
    if isinstance(error, ApplianceError | CorpusError | ModelError | OSError):
        return str(error)
    return f"{type(error).__name__}: {error}"
