"""smartlooper demo and run: the instrument itself."""

import argparse
from pathlib import Path
from typing import Any

from appliance.policies import POLICIES

_POLICY_HELP = f"{', '.join(sorted(POLICIES))}; such as groove:adventure=0.7,leash=0.4"


def add(commands: Any) -> None:
    _add_demo(commands)
    run = commands.add_parser("run", help="the instrument, until Ctrl-C")
    run.add_argument("--config", type=Path, metavar="FILE")
    run.add_argument("--state", type=Path, metavar="DIR", help="keep everything there")
    run.set_defaults(run=_run)


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
    parser.add_argument(
        "--say", action="append", default=[], metavar="'N: TEXT'", help="to the loop, as N begins"
    )
    parser.set_defaults(run=_demo)


def _demo(arguments: argparse.Namespace) -> int:
    from appliance import demo, sound  # here, since `run` does without what they bring

    names = ("corpus", "seed", "solo", "loops", "tempo", "policy", "rng", "fast", "out", "profile")
    given = {name: getattr(arguments, name) for name in names}
    settings = demo.Demo(**given, says=tuple(arguments.say))
    folder = demo.play(settings, _say)
    if not settings.fast:
        _say(sound.render(folder))
    print(f"session: {folder}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from appliance import service

    return service.run(arguments.config, arguments.state)


def _say(line: str) -> None:
    print(line, flush=True)
