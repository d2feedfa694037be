"""Many trials in a process that may die or never answer, and what became of them.

Whatever a trial does to its process (a crash in C, a loop without end, all of the memory), the
next one goes on in a new process, and it is counted.
"""

import resource
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

HANG_S = 2.0
MEMORY = 1 << 30  # bytes above what the process has when it begins
MOST_FAULTS = 5  # told of

Trial = Callable[[int], str]
"""Does trial number n and says how it ended, such as "read" or "refused". It is pickled. Whatever
it raises is a crash."""


class UnclearError(Exception):
    """What came out is neither a result nor one clear line."""


@dataclass
class Tally:
    """What became of the trials; `faults` tells of the first crashes and hangs."""

    ways: Counter[str] = field(default_factory=Counter)
    crashes: int = 0
    hangs: int = 0
    slowest_s: float = 0.0
    peak_mb: float = 0.0
    faults: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        return {
            **dict(sorted(self.ways.items())),
            "crashes": self.crashes,
            "hangs": self.hangs,
            "slowest_s": round(self.slowest_s, 3),
            "peak_mb": round(self.peak_mb),
            "faults": self.faults[:MOST_FAULTS],
        }


def clear_line(text: str, start: str = "") -> str:
    """`text`; UnclearError unless it is one short line that begins with `start`."""
    if not text.startswith(start) or not text or "\n" in text or len(text) >= 1000:
        raise UnclearError(f"not one clear line: {text[:200]!r}")
    return text


def expect(found: bool, what: str) -> None:
    """UnclearError unless it was found so."""
    if not found:
        raise UnclearError(what)


def run_trials(trial: Trial, count: int, hang_s: float = HANG_S, memory: int = MEMORY) -> Tally:
    """Trials 0 to `count` - 1, one after the other; one that takes `hang_s` seconds is a hang.

    `peak_mb` is all that a process had, the interpreter and its libraries too.
    """
    tally, number = Tally(), 0
    while number < count:
        with _Tester(trial, memory) as tester:
            while number < count and tester.test(number, hang_s, tally):
                number += 1
        number += 1
    return tally


class _Tester:
    """A process that does trials, and this end of the pipe to it."""

    def __init__(self, trial: Trial, memory: int) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        self._pipe: Connection[Any, Any] = ours
        self._process: BaseProcess = context.Process(
            target=_serve, args=(theirs, trial, memory), daemon=True
        )
        self._process.start()
        theirs.close()
        ours.recv()  # it is there, with all that it imports

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def test(self, number: int, hang_s: float, tally: Tally) -> bool:
        """Whether the process can go on after that trial."""
        try:
            self._pipe.send(number)
            if not self._pipe.poll(hang_s):
                tally.hangs += 1
                tally.faults.append(f"trial {number}: no answer in {hang_s:g} s")
                return False
            way, fault, seconds, peak_mb = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            tally.crashes += 1
            tally.faults.append(f"trial {number}: its process ended ({self._process.exitcode})")
            return False
        tally.slowest_s = max(tally.slowest_s, seconds)
        tally.peak_mb = max(tally.peak_mb, peak_mb)
        if fault:
            tally.crashes += 1
            tally.faults.append(f"trial {number}: {fault}")
        else:
            tally.ways[way] += 1
        return True


def _serve(pipe: "Connection[Any, Any]", trial: Trial, memory: int) -> None:
    """The life of the process: it ends when the pipe does. A warning is a fault too."""
    with suppress(EOFError, OSError), warnings.catch_warnings(), limited_memory(memory):
        warnings.simplefilter("error")
        pipe.send("ready")
        while True:
            pipe.send(_attempt(trial, pipe.recv()))


def _attempt(trial: Trial, number: int) -> tuple[str, str, float, float]:
    start = time.perf_counter()
    way = fault = ""
    try:
        way = trial(number)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"[:300]
    seconds = time.perf_counter() - start
    return way, fault, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def limited_memory(more: int) -> Iterator[None]:
    """So many bytes more than the process has now: whoever believes a header fails."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
