"""How well and how quickly recordings become a corpus, measured against POP909.

POP909 (Wang et al., ISMIR 2020) is pop songs for piano with their beats and keys. Its folder holds
NNN.mid, NNN.beats.txt and NNN.key.txt; songs whose number ends in 0 were set aside when anything
was tuned, and are reported beside all.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance.bench.beat_tracking import beat_figures, belief_figures
from appliance.bench.chord_finding import chord_figures
from appliance.bench.fuzz.figures import fuzz_figures
from appliance.bench.key_finding import key_figures
from appliance.bench.layer_finding import layer_figures
from appliance.bench.neighbours import neighbour_figures
from appliance.bench.reading import reading_speed
from appliance.bench.round_trips import round_trip_figures
from appliance.errors import ConfigError

JOBS = 2
READING_S = 20.0
_SAMPLE_S = 0.2

Say = Callable[[str], None]
Part = Callable[[Path, Say], dict[str, Any]]

_BUILD = """
import json, sys, time
from pathlib import Path
from corpus.building.build import BuildSettings, build_bundle
from corpus.building.engine import make_engine

if __name__ == "__main__":
    folder, out, jobs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    marks = {}
    start = time.perf_counter()
    def progress(what, done, total):
        marks.setdefault(what, time.perf_counter() - start)
    with make_engine(jobs) as engine:
        report = build_bundle(
            [folder], out, BuildSettings("pitch-histogram"), engine, progress=progress
        )
    print(json.dumps({
        "import_s": round(marks["embedding"], 1),
        "build_s": round(time.perf_counter() - start, 1),
        "tracks": len(report.tracks),
        "segments": report.segments,
        "left_out_files": len(report.left_out),
        "neighbours": report.method,
        "recall": round(report.recall, 4),
    }))
"""


def import_figures(folder: Path, only: tuple[str, ...], say: Say) -> dict[str, Any]:
    """The figures of each part in `only`, of all of them where it is empty.

    ConfigError where the songs or a part are not there.
    """
    unknown = [name for name in only if name not in PARTS]
    if unknown:
        raise ConfigError(f"--only {unknown[0]}: there is {', '.join(PARTS)}")
    if not any(folder.glob("[0-9]*.mid")):
        raise ConfigError(f"{folder}: no POP909 songs (NNN.mid) in it; name their folder by --data")
    figures = {}
    for name, part in PARTS.items():
        if not only or name in only:
            say(f"{name} ...")
            figures[name] = part(folder, say)
            say(f"{name}: {figures[name]}")
    return figures


def _reading(folder: Path, say: Say) -> dict[str, Any]:
    return reading_speed(sorted(folder.glob("[0-9]*.mid")), READING_S, time.perf_counter)


def _beats(folder: Path, say: Say) -> dict[str, Any]:
    return beat_figures(folder, None, JOBS) | {"tempo_map": belief_figures(folder)}


def _keys(folder: Path, say: Say) -> dict[str, Any]:
    return key_figures(folder)


def _descriptions(folder: Path, say: Say) -> dict[str, Any]:
    return {"layers": layer_figures(folder), "chord_roots": chord_figures()}


def _build(folder: Path, say: Say) -> dict[str, Any]:
    """All songs at once, in a process of its own; `peak_mb` counts its workers too."""
    with tempfile.TemporaryDirectory(prefix="smartlooper-import-") as scratch:
        script = Path(scratch) / "build_all.py"  # a file, since workers import what started them
        script.write_text(_BUILD)
        command = [sys.executable, str(script), str(folder), str(Path(scratch) / "b"), str(JOBS)]
        own = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | own)
        with _peak_memory(process.pid) as peak:
            said, _ = process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        return {**json.loads(said), "peak_mb": round(peak[0] / 1024)}


def _neighbours(folder: Path, say: Say) -> dict[str, Any]:
    return neighbour_figures(say=say)


def _fuzz(folder: Path, say: Say) -> dict[str, Any]:
    return fuzz_figures()


def _round_trips(folder: Path, say: Say) -> dict[str, Any]:
    """Of the songs set aside whole, and of the segments of every eighth of them."""
    songs = sorted(folder.glob("[0-9]*0.mid"))
    return round_trip_figures(songs[::8], songs)


PARTS: dict[str, Part] = {
    "reading": _reading,
    "beats": _beats,
    "keys": _keys,
    "descriptions": _descriptions,
    "build": _build,
    "neighbours": _neighbours,
    "fuzz": _fuzz,
    "round_trips": _round_trips,
}


@contextmanager
def _peak_memory(pid: int) -> Iterator[list[int]]:
    """The most memory (KiB, shared pages shared out) that a process and its children had."""
    peak, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(_SAMPLE_S):
            peak[0] = max(peak[0], sum(_memory(one) for one in _family(pid)))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in children.read_text().split()]
            except OSError:  # it has ended
                continue
    return found


def _memory(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:"), 0)
