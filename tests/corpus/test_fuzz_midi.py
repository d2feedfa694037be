"""Damaged MIDI files give a recording or one clear line, quickly and in little memory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.mutate import mutations

from corpus.errors import MidiFileError
from corpus.reading.midifile import read_recording
from models.notes import check_notes

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "corpus" / "demo"
HEAD = bytes.fromhex("4d546864 00000006 0001 0002 01e0")
BODY = bytes.fromhex("00903c50 00ff51030f4240 83603c00 00b0407f 00903c50 8f7f803c40 00ff2f00")
AWKWARD = [
    HEAD + b"MTrk" + len(BODY).to_bytes(4, "big") + BODY + b"MTrk\x00\x00\xff\xff" + BODY,
    HEAD[:9] + b"\x02" + HEAD[10:] + (b"MTrk" + len(BODY).to_bytes(4, "big") + BODY) * 4,
    HEAD[:12] + b"\xe2\x50" + b"MTrk" + len(BODY).to_bytes(4, "big") + BODY,
    HEAD + b"MTrk\x00\x00\x00\x00" * 200 + b"MTrk\x00\x00\x00\xff" + BODY * 9,
    HEAD + b"MTrk\x00\x00\x40\x00" + b"\xff\xff\xff\x7f\x90\x3c\x50" * 400,
]
SECONDS_A_FILE = 2.0
MEMORY = 1 << 30  # bytes above what the process has when it begins


def mutants(count: int, seed: int) -> Iterator[bytes]:
    files = [*AWKWARD, *(file.read_bytes() for file in sorted(DEMO.glob("*.mid"))[:8])]
    rng = np.random.default_rng(seed)
    for index in range(count):
        yield from mutations(files[index % len(files)], 1, rng, files)


def read_all(count: int, seed: int, clock: Callable[[], float]) -> dict[str, float]:
    """Read that many mutants; what is neither a recording nor the one line is raised."""
    read, slowest = 0, 0.0
    refusals: list[str] = []
    for mutant in mutants(count, seed):
        start = clock()
        try:
            recording = read_recording(mutant, "mutant")
        except MidiFileError as error:
            refusals.append(str(error))
        else:
            check_notes(recording.notes, "mutant")
            assert np.isfinite(recording.pedals["beat"]).all()
            assert np.isfinite(recording.tempos["value"]).all()
            assert np.isfinite(recording.seconds(recording.beats))
            assert recording.phrase().beats >= 1
            read += 1
        slowest = max(slowest, clock() - start)
    assert all(line.startswith("mutant: ") and "\n" not in line for line in refusals)
    return {"read": read, "refused": len(refusals), "slowest": slowest}


def test_the_awkward_files_are_read_or_refused() -> None:
    for data in AWKWARD[:3]:
        assert len(read_recording(data, "x").notes)
    with pytest.raises(MidiFileError, match="beats long"):
        read_recording(AWKWARD[4], "x")


def test_500_damaged_files() -> None:
    outcome = read_all(500, 1, time.process_time)
    assert outcome["read"] > 100
    assert outcome["refused"] > 5


@pytest.mark.slow
def test_10_000_damaged_files_in_a_process_of_bounded_memory() -> None:
    done = subprocess.run(
        [sys.executable, __file__, "10000", "2"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))},
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    outcome = json.loads(done.stdout)
    assert outcome["read"] + outcome["refused"] == 10_000
    assert outcome["slowest"] < SECONDS_A_FILE


def limit_memory() -> None:
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    limit_memory()
    print(json.dumps(read_all(int(sys.argv[1]), int(sys.argv[2]), time.process_time)))
