"""What embedding costs on this machine: time of one segment, segments a second, memory.

Each measurement is made by processes that do nothing else, as the box and a corpus build have them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from appliance.errors import RuntimeFaultError
from models.embedder import Embedder
from models.notes import Phrase

WORKERS = 2
STARTING = 120  # seconds that a process may take to load the model

Make = Callable[[], Embedder]  # goes to another process, so a class or a partial


@dataclass(frozen=True)
class Cost:
    """Milliseconds of each segment embedded alone, seconds from first to last, bytes of memory."""

    milliseconds: list[float]
    began: float
    ended: float
    memory: int


def embed_costs(make: Make, phrases: Sequence[Phrase]) -> dict[str, Any]:
    """`one_ms` is the median and `slow_ms` the 99th percentile of a segment embedded alone by one
    process on one thread; `per_second` counts segments of WORKERS such processes side by side;
    `memory_mb` is the most that the first process ever held, Python and libraries included."""
    (alone,) = _measured(make, phrases, 1)
    together = _measured(make, phrases, WORKERS)
    seconds = max(cost.ended for cost in together) - min(cost.began for cost in together)
    return {
        "one_ms": round(float(np.median(alone.milliseconds)), 2),
        "slow_ms": round(float(np.percentile(alone.milliseconds, 99)), 2),
        "per_second": round(WORKERS * len(phrases) / seconds, 1),
        "memory_mb": round(alone.memory / 1e6, 1),
    }


def _measured(make: Make, phrases: Sequence[Phrase], workers: int) -> list[Cost]:
    context = get_context("spawn")
    ready = context.Barrier(workers)
    pipes = [context.Pipe(duplex=False) for _ in range(workers)]
    for _, tell in pipes:
        given = (make, list(phrases), ready, tell)
        context.Process(target=_embed_alone, args=given, daemon=True).start()
        tell.close()  # ours; so that a worker that dies ends the wait below
    try:
        return [hear.recv() for hear, _ in pipes]
    except EOFError as error:
        raise RuntimeFaultError("a process that embeds ended early; its lines are above") from error


def _embed_alone(make: Make, phrases: list[Phrase], ready: Any, tell: Any) -> None:
    embedder = make()
    embedder.embed(phrases[:1])  # the first one pays for what is set up late
    ready.wait(STARTING)
    began, milliseconds = time.monotonic(), []
    for phrase in phrases:
        start = time.perf_counter()
        embedder.embed([phrase])
        milliseconds.append(1e3 * (time.perf_counter() - start))
    ended = time.monotonic()
    tell.send(Cost(milliseconds, began, ended, _peak_memory()))


def _peak_memory() -> int:
    """Bytes. What getrusage counts begins with the memory of the process that started this one."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) * 1024
