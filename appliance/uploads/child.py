"""A process that works beside the music and tells in lines of JSON. Nothing here waits for it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

PATIENCE_S = 1.0
LONGEST_LINE = 1 << 20
_READ = 1 << 16


class Child:
    """`python -m MODULE ARGUMENTS`, in a process group of its own: Ctrl-C is not for it. OSError
    where it cannot be started. One thread, which must outlive it."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        assert self._process.stdout is not None
        self._out = self._process.stdout.fileno()
        os.set_blocking(self._out, False)
        self._unfinished = b""
        self.ended = False
        """It says nothing more."""

    def fileno(self) -> int:
        """Readable when it told something, or ended."""
        return self._out

    def told(self) -> list[dict[str, Any]]:
        """What it told since the last call; what is no object is not its own."""
        data = self._read()
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        self._unfinished = self._unfinished[-LONGEST_LINE:]
        return [found for line in lines if (found := _object(line)) is not None]

    def close(self) -> None:
        """End it; within a second, whatever it does."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.terminate()
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _read(self) -> bytes:
        found = b""
        with suppress(BlockingIOError):
            while data := os.read(self._out, _READ):
                found += data
            self.ended = True
        return found


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
