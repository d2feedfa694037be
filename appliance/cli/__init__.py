"""The command line. Every complaint is one line on stderr; exit code 2 for bad input."""

import argparse
import errno
import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from appliance.errors import ApplianceError, ConfigError, RuntimeFaultError, VerificationError
from corpus.errors import CorpusError
from firmware.errors import FirmwareError
from models.errors import ModelError

# A path that cannot be used is the caller's to mend; a full or failing disk is not.
NAMED_WRONG = (
    errno.ENOENT,
    errno.EEXIST,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EROFS,
    errno.ENAMETOOLONG,
)
PARTS = {
    "play": ("demo", "run"),
    "remote": (
        "status", "watch", "record", "stop", "end", "coda", "home", "hold", "next", "back",
        "cancel", "tempo", "transpose", "mark", "use",
    ),
    "chat": ("chat",),
    "corpus": ("corpus",),
    "session": ("session",),
    "machine": ("ports", "doctor", "calibrate", "bench"),
}  # fmt: skip
"""Modules of this package, and the commands that they add; only what is needed is imported."""
BAD_INPUT = (ApplianceError, CorpusError, ModelError, FirmwareError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 failed at run time, 2 bad input."""
    argv = sys.argv[1:] if argv is None else argv
    arguments = _parser(_parts(argv)).parse_args(argv)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        code: int = arguments.run(arguments)
    except (VerificationError, RuntimeFaultError) as error:
        return _complain(error, 1)
    except BAD_INPUT as error:
        return _complain(error, 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno not in NAMED_WRONG:
            return _complain(error, 1)
        fault = f"{error.filename}: {error.strerror}; check that it exists and can be written"
        return _complain(ConfigError(fault), 2)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return code


def _interrupt(*_: object) -> None:
    """Being told to stop is like Ctrl-C: the music ends and the folder is finished."""
    raise KeyboardInterrupt


def _complain(error: Exception, code: int) -> int:
    print(f"smartlooper: {' '.join(str(error).split())}", file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    """argparse, but a complaint is one line."""

    def error(self, message: str) -> Any:
        self.exit(2, f"{self.prog}: {message}; see '{self.prog} --help'\n")


def _parts(argv: Sequence[str]) -> list[str]:
    """Where the command is added; everywhere, if it is none."""
    return [part for part, commands in PARTS.items() if argv and argv[0] in commands] or [*PARTS]


def _parser(parts: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="smartlooper", description="A live looper that plays your own phrases.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for part in parts:
        import_module(f"appliance.cli.{part}").add(commands)
    return parser
