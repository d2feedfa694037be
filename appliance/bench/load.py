"""A busy machine: spinning processes on every core, and some that write to the disk."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

SPINNERS_A_CORE = 16
WRITERS = 2
_SPIN = "while True: pass"
_WRITE = """
import os, sys
data = os.urandom(1 << 20)
with open(sys.argv[1], "wb") as file:
    while True:
        file.seek(0)
        for _ in range(16):
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
"""
_IMPORT = """
import sys, tempfile
from pathlib import Path
from corpus import demo
from corpus.building.build import BuildSettings, build_bundle
import os
os.nice(15)
with tempfile.TemporaryDirectory() as folder:
    while True:
        build_bundle(demo.recordings(), Path(folder) / "bundle", BuildSettings("pitch-histogram"))
"""


@contextmanager
def busy_machine() -> Iterator[None]:
    """SPINNERS_A_CORE busy processes on every core, and WRITERS that write to the disk, until the
    block ends. All at normal priority: what an ordinary sender has to wait behind."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="smartlooper-load-"))
        for _ in range(SPINNERS_A_CORE * (os.cpu_count() or 1)):
            stack.enter_context(_process(_SPIN))
        for number in range(WRITERS):
            stack.enter_context(_process(_WRITE, os.path.join(folder, f"load{number}")))
        yield


@contextmanager
def importing() -> Iterator[None]:
    """A second process of the box that imports and embeds a corpus again and again."""
    with _process(_IMPORT):
        yield


@contextmanager
def _process(code: str, *arguments: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", code, *arguments])
    try:
        yield
    finally:
        process.kill()
        process.wait()
