"""smartlooper session: check and draw what was recorded."""

import argparse
from pathlib import Path
from typing import Any

from appliance.demo import demo_bundle
from appliance.errors import ConfigError
from appliance.folder import PERFORMANCE, write_performance
from appliance.plot import plot_session
from appliance.verify import verify_session
from corpus.keeping.bundle import open_bundle


def add(commands: Any) -> None:
    session = commands.add_parser("session", help="check and draw recorded sessions")
    actions = session.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="prove that every note is the artist's")
    verify.add_argument("folder", type=Path, metavar="DIR")
    verify.add_argument("--corpus", type=Path, metavar="BUNDLE")
    verify.set_defaults(run=_verify)
    plot = actions.add_parser("plot", help="draw a session")
    plot.add_argument("folder", type=Path, metavar="DIR")
    plot.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    plot.set_defaults(run=_plot)


def _verify(arguments: argparse.Namespace) -> int:
    if not (arguments.folder / PERFORMANCE).exists():
        write_performance(arguments.folder)  # after a power cut the journal is all there is
    path = arguments.corpus
    bundle = open_bundle(path, verify=True) if path else demo_bundle()
    proof = verify_session(arguments.folder, bundle)
    left_out = f", {proof.left_out} left out for a reason" if proof.left_out else ""
    print(
        f"{arguments.folder}: every note is the artist's"
        f" ({proof.notes} notes in {proof.loops} loops{left_out})"
    )
    return 0


def _plot(arguments: argparse.Namespace) -> int:
    if arguments.out.suffix.lower() != ".png":
        raise ConfigError(f"{arguments.out}: a picture is a .png file; name it so")
    if not (arguments.folder / PERFORMANCE).exists():
        write_performance(arguments.folder)
    plot_session(arguments.folder, arguments.out)
    print(arguments.out)
    return 0
