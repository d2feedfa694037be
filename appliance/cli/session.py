"""smartlooper session: check and draw what was recorded."""

import argparse
import json
from pathlib import Path
from typing import Any

from appliance.cli.places import add_state, places_of
from appliance.demo import demo_bundle
from appliance.errors import ApplianceError, ConfigError
from appliance.folder import PERFORMANCE, read_session, write_performance
from appliance.plot import plot_session
from appliance.quota import MB, Kept, sessions
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
    listing = actions.add_parser("list", help="what this box has kept, newest first")
    add_state(listing)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)


def _verify(arguments: argparse.Namespace) -> int:
    if not (arguments.folder / PERFORMANCE).exists():
        write_performance(arguments.folder)  # after a power cut the journal is all there is
    path = arguments.corpus
    bundle = open_bundle(path, verify=True) if path else demo_bundle()
    proof = verify_session(arguments.folder, bundle)
    left_out = f", {proof.left_out} left out for a reason" if proof.left_out else ""
    said = f"; {proof.rounds} rounds of conversation hold again" if proof.rounds else ""
    print(
        f"{arguments.folder}: every note is the artist's"
        f" ({proof.notes} notes in {proof.loops} loops{left_out}{said})"
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


def _list(arguments: argparse.Namespace) -> int:
    folder = places_of(arguments).sessions
    rows = [_row(kept) for kept in sessions(folder)]
    if arguments.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    for row in rows:
        print(_line(row))
    if not rows:
        print(f"no sessions in {folder}")
    return 0


def _row(kept: Kept) -> dict[str, Any]:
    """What a session says of itself; `fault` where that cannot be read."""
    row = {"name": kept.folder.name, "folder": str(kept.folder), "bytes": kept.size}
    try:
        said = read_session(kept.folder)
    except ApplianceError as error:
        return row | {"fault": str(error)}
    seed = said["seed"]
    told = {"loops": said["loops"], "segments": said["distinct_segments"], "bpm": seed["bpm"]}
    return row | told | {"corpus": said["bundle"]["name"]}


def _line(row: dict[str, Any]) -> str:
    size = f"{row['bytes'] / MB:.1f} MB"
    if "fault" in row:
        return f"{row['name']}  {size}  nothing was played, or not to the end"
    corpus = "".join(one if one.isprintable() else " " for one in row["corpus"])
    return (
        f"{row['name']}  {size}  {row['loops']} loops, {row['segments']} segments of {corpus},"
        f" {row['bpm']:.0f} BPM"
    )
