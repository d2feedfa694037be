"""The command line. Every complaint is one line on stderr; exit code 2 for bad input."""

import argparse
import errno
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from appliance import demo, service, sound
from appliance.cli import corpus, machine, session
from appliance.errors import ApplianceError, ConfigError, RuntimeFaultError
from appliance.policies import POLICIES
from appliance.verify import VerificationError
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
_POLICY_HELP = f"{', '.join(sorted(POLICIES))}; such as groove:adventure=0.7,leash=0.4"
BAD_INPUT = (ApplianceError, CorpusError, ModelError, FirmwareError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 failed at run time, 2 bad input."""
    arguments = _parser().parse_args(argv)
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


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="smartlooper", description="A live looper that plays your own phrases.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_run(commands)
    for part in (corpus, session, machine):
        part.add(commands)
    return parser


def _add_demo(commands: Any) -> None:
    parser = commands.add_parser("demo", help="the whole instrument, hardware simulated")
    parser.add_argument("--corpus", type=Path, metavar="BUNDLE")
    parser.add_argument("--seed", type=Path, metavar="FILE.mid")
    parser.add_argument("--solo", type=Path, metavar="FILE.mid")
    parser.add_argument("--loops", type=int, default=12, metavar="N")
    parser.add_argument("--tempo", type=float, metavar="BPM")
    parser.add_argument("--policy", default="groove", metavar="NAME[:OPTIONS]", help=_POLICY_HELP)
    parser.add_argument("--rng", type=int, default=1, metavar="N", help="random seed")
    parser.add_argument("--fast", action="store_true", help="on the simulated clock")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the session folder to write")
    parser.add_argument("--profile", default="keyboard", metavar="NAME|FILE", help="instrument")
    parser.set_defaults(run=_demo)


def _add_run(commands: Any) -> None:
    parser = commands.add_parser("run", help="the instrument, until Ctrl-C")
    parser.add_argument("--config", type=Path, metavar="FILE")
    parser.add_argument("--state", type=Path, metavar="DIR")
    parser.set_defaults(run=_run)


def _demo(arguments: argparse.Namespace) -> int:
    names = ("corpus", "seed", "solo", "loops", "tempo", "policy", "rng", "fast", "out", "profile")
    settings = demo.Demo(**{name: getattr(arguments, name) for name in names})
    folder = demo.play(settings, _say)
    if not settings.fast:
        _say(sound.render(folder))
    print(f"session: {folder}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    config = service.read_config(arguments.config)
    return service.run(config, arguments.state or config.state, _say)


def _say(line: str) -> None:
    print(line, flush=True)
