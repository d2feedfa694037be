"""--state DIR: where a command finds what a box keeps."""

import argparse
from pathlib import Path

from appliance.config import read_config
from appliance.places import Places, places


def add_state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", type=Path, metavar="DIR", help="of a box started with it")


def places_of(arguments: argparse.Namespace) -> Places:
    """Those of the box of this machine, or of the one that was started with --state DIR."""
    config = read_config(getattr(arguments, "config", None))
    return places(config, arguments.state)
