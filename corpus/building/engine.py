"""How work on many items is run: here, in a pool of processes, or on a Dask cluster.

Work is a function of one item that does not depend on the order of the items or on the engine, so
the results are the same whichever runs it. Work and items travel by pickle between processes of
one user's making: an item carries all that is needed (the worker may be another machine, without
these files), and the work is a module's function, or a partial of one with small settings.
"""

import asyncio
import contextlib
import os
import pickle
import signal
import threading
import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from corpus.building.cache import Cache
from corpus.errors import CorpusError

NICENESS = 10
RETRIES = 2
"""How often an item is tried again after the process that had it died."""

_GLANCE = 0.2  # s between two calls of a Check
_PATIENCE = 5.0  # s that a scheduler is given to answer
_AHEAD = 16  # items a process that may wait for their turn, done or not: bounds memory

Check = Callable[[], None]
"""Called now and then by the thread that waits for results, which holds no lock then: what it
raises ends the work. A signal's handler must not raise by itself: the lock that the thread waits
for or lets go of at that moment would stay as it is, and everybody else wait for ever."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Lost:
    """In place of a result: an item that no process survived. Its text is one clear line."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


class Engine(ABC):
    """Runs work on items. To be used in a `with`, which leaves no process behind."""

    ahead: int
    """How many items are taken beyond the one whose result is awaited."""

    @abstractmethod
    def submit(
        self, work: Callable[[Item], Result], item: Item, name: str
    ) -> Callable[[], Result | Lost]:
        """Hand over one item; calling the answer waits for its result or raises its error."""

    @abstractmethod
    def close(self) -> None:
        """End at once, whatever is still running."""

    def map(
        self,
        work: Callable[[Item], Result],
        items: Iterable[Item],
        name: Callable[[Item], str] = str,
    ) -> Iterator[Result | Lost]:
        """The results in the order of the items, each as soon as its turn comes.

        An error raised by `work` is raised here; an item that kills its process `RETRIES` + 1
        times, or needs more memory than there is, gives Lost under its `name`.
        """
        return self._in_order(self.submit(work, item, name(item)) for item in items)

    def map_cached(
        self,
        cache: Cache,
        key: Callable[[Item], str],
        work: Callable[[Item], bytes],
        items: Iterable[Item],
        decode: Callable[[bytes], Result],
        name: Callable[[Item], str] = str,
    ) -> Iterator[Result | Lost]:
        """As `map`, but what the cache holds under an item's key is not worked out again.

        `decode` turns the bytes that `work` gave, or the cache kept, into the result, and raises
        ValueError for bytes that it cannot use: those from the cache are then a miss. A result is
        kept when its turn comes, so a build that is interrupted goes on from there.
        """

        def pending() -> Iterator[Callable[[], Result | Lost]]:
            for item in items:
                digest = key(item)
                found = _from_cache(cache, digest, decode)
                if found is None:
                    result = self.submit(work, item, name(item))
                    found = partial(_to_cache, cache, digest, decode, result)
                yield found

        return self._in_order(pending())

    def _in_order(self, pending: Iterable[Callable[[], Result | Lost]]) -> Iterator[Result | Lost]:
        waiting: deque[Callable[[], Result | Lost]] = deque()
        for result in pending:
            waiting.append(result)
            if len(waiting) > self.ahead:
                yield waiting.popleft()()
        while waiting:
            yield waiting.popleft()()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def make_engine(jobs: int, scheduler: str | None = None, check: Check = lambda: None) -> Engine:
    """The engine for `jobs` processes here, or for the Dask cluster at `scheduler`.

    CorpusError where there is no cluster at that address, or no way to talk to one.
    """
    if jobs < 1:
        raise CorpusError(f"--jobs {jobs}: at least 1")
    if scheduler is not None:
        return Cluster(scheduler)
    return Inline() if jobs == 1 else Pool(jobs, check)


class Inline(Engine):
    """One item after the other, in this process."""

    ahead = 0

    def submit(
        self, work: Callable[[Item], Result], item: Item, name: str
    ) -> Callable[[], Result | Lost]:
        return partial(_attempt, work, item, name)

    def close(self) -> None:
        pass


class Pool(Engine):
    """A number of processes of low priority, each served by a thread of this one.

    A process that dies (killed, out of memory) takes nothing with it but the item that it had,
    which is tried again in a new one. When this process ends, in whatever way, so do they.
    """

    def __init__(self, jobs: int, check: Check = lambda: None) -> None:
        self.ahead = _AHEAD * jobs
        self._check = check
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="corpus-engine")
        self._workers = [_Worker() for _ in range(jobs)]
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def submit(
        self, work: Callable[[Item], Result], item: Item, name: str
    ) -> Callable[[], Result | Lost]:
        return partial(self._await, self._threads.submit(self._run, (work, item, name)))

    def close(self) -> None:
        for worker in self._workers:
            worker.end()
        self._threads.shutdown(cancel_futures=True)

    def _await(self, future: "Future[Any]") -> Any:
        while not wait([future], _GLANCE).done:
            self._check()
        return future.result()

    def _run(self, call: tuple[Any, Any, str]) -> Any:
        worker = self._idle.get()
        try:
            for _ in range(1 + RETRIES):
                with contextlib.suppress(_DiedError):
                    return worker.run(call)
        finally:
            self._idle.put(worker)
        return Lost(call[2], "every process that worked on it died (out of memory?)")


class Cluster(Engine):
    """The workers of a Dask scheduler, which gives the items of a lost worker to others.

    They must have this project installed, in the same version; they need none of its files.
    """

    def __init__(self, address: str, patience: float = _PATIENCE) -> None:
        try:
            import dask
            import distributed
        except ImportError as error:
            raise CorpusError(
                f"--scheduler {address}: Dask is not installed; pip install 'smartlooper[cluster]'"
            ) from error
        self._address = address
        self._killed: type[Exception] = distributed.KilledWorker
        with contextlib.ExitStack() as stack:
            stack.enter_context(dask.config.set(_QUIET))
            threads = _find_workers(distributed.rpc, address, patience)
            client = distributed.Client(address, timeout=patience, set_as_default=False)
            stack.callback(client.close, timeout=patience)
            _check_workers(client, address)
            self._stack = stack.pop_all()
        self._client = client
        self.ahead = _AHEAD * threads

    def submit(
        self, work: Callable[[Item], Result], item: Item, name: str
    ) -> Callable[[], Result | Lost]:
        future = self._client.submit(_attempt, work, item, name, pure=False)
        return partial(self._result, future, name)

    def close(self) -> None:
        self._stack.close()

    def _result(self, future: Any, name: str) -> Any:
        try:
            return future.result()
        except self._killed:
            return Lost(name, "every worker that had it died (out of memory?)")
        except CancelledError as error:
            raise CorpusError(
                f"--scheduler {self._address}: lost it; start it and build again"
                " (what was done is not done again)"
            ) from error


class _DiedError(Exception):
    """A worker process ended before it answered."""


class _Worker:
    """One process and this end of the pipe to it; started when there is something to do.

    `run` belongs to one thread at a time; `end` may come from any.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended = False
        self._process: BaseProcess | None = None
        self._pipe: Connection[Any, Any] | None = None

    def run(self, call: tuple[Any, Any, str]) -> Any:
        """What the process answers; raises what it raised, or _DiedError."""
        data = pickle.dumps(call)
        pipe = self._started()
        try:
            pipe.send_bytes(data)
            answer = pipe.recv_bytes()
        except (EOFError, OSError) as error:
            self._bury()
            raise _DiedError from error
        good, value = pickle.loads(answer)
        if not good:
            raise value
        return value

    def end(self) -> None:
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.kill()
                self._process.join()

    def _started(self) -> "Connection[Any, Any]":
        with self._lock:
            if self._ended:
                raise CancelledError
            if self._pipe is None:
                self._pipe, self._process = _start_process()
            return self._pipe

    def _bury(self) -> None:
        with self._lock:
            assert self._process is not None
            assert self._pipe is not None
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = self._pipe = None


def _start_process() -> "tuple[Connection[Any, Any], BaseProcess]":
    # spawn: a fork of a process that has threads (numpy's among them) may hang
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    # Ctrl-C goes to the whole group. The child inherits this thread's mask, so that it does not
    # even see one while it starts: whoever reads the results decides when it ends.
    resource_tracker.ensure_running()  # first, for starting it lifts the mask
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    theirs.close()  # theirs alone from here on: when they die, the pipe ends
    return ours, process


def _serve(pipe: "Connection[Any, Any]") -> None:
    """The life of a worker process: it ends when the pipe does."""
    os.nice(NICENESS)
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_answer(pipe.recv_bytes()))


def _answer(call: bytes) -> bytes:
    try:
        return pickle.dumps((True, _attempt(*pickle.loads(call))))
    except Exception as error:  # the other side raises it
        error.add_note(traceback.format_exc())
        return pickle.dumps((False, _portable(error)))


def _portable(error: Exception) -> Exception:
    """The error, or one that says the same where it does not survive pickling."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _attempt(work: Callable[[Item], Result], item: Item, name: str) -> Result | Lost:
    try:
        return work(item)
    except MemoryError:
        return Lost(name, "needs more memory than there is")


def _from_cache(
    cache: Cache, key: str, decode: Callable[[bytes], Result]
) -> Callable[[], Result | Lost] | None:
    data = cache.get(key)
    if data is None:
        return None
    try:
        result = decode(data)
    except ValueError:
        return None
    return lambda: result


def _to_cache(
    cache: Cache,
    key: str,
    decode: Callable[[bytes], Result],
    awaited: Callable[[], bytes | Lost],
) -> Result | Lost:
    data = awaited()
    if isinstance(data, Lost):
        return data
    result = decode(data)
    cache.put(key, data)
    return result


_QUIET = {
    "distributed.comm.timeouts.connect": f"{_PATIENCE}s",  # also: how long a lost one is sought
    "distributed.admin.large-graph-warning-threshold": "1GB",  # items carry their bytes
}


def _find_workers(rpc: Callable[..., Any], address: str, patience: float) -> int:
    """How many threads there are behind a scheduler; CorpusError unless some are.

    Asked before there is a client, whose attempts to reach what is not there outlive it.
    """

    async def identity() -> Any:
        async with rpc(address, timeout=patience) as scheduler:
            return await scheduler.identity()

    try:
        found = asyncio.run(asyncio.wait_for(identity(), patience))
        kind = found["type"]
    except Exception as error:  # whatever stands at that port may answer anything
        raise CorpusError(
            f"--scheduler {address}: no Dask scheduler answers there; give the address that"
            " 'dask scheduler' prints, tcp://HOST:PORT"
        ) from error
    if kind != "Scheduler":
        raise CorpusError(f"--scheduler {address}: a Dask {kind}; give the scheduler's address")
    if not found["workers"]:
        raise CorpusError(
            f"--scheduler {address}: has no workers; start some with 'dask worker {address}'"
        )
    return sum(worker["nthreads"] for worker in found["workers"].values())


def _check_workers(client: Any, address: str) -> None:
    """CorpusError where a worker does not have this project."""
    try:
        client.run(_here)
    except Exception as error:  # of that worker, of any kind
        raise CorpusError(
            f"--scheduler {address}: a worker cannot import this project ({error});"
            " install the same version of smartlooper there"
        ) from error


def _here() -> None:
    """Does nothing, which takes this module on the other side."""
