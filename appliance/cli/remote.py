"""smartlooper status, watch, record, stop and the like: talk to a running box."""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from appliance.cli.places import add_state, places_of
from appliance.control.client import ControlClient
from appliance.errors import ConfigError

LONGEST_MARK = 200  # as the box takes it
LONGEST_NAME = 200
VERBS = {
    "record": "tap: record a seed; while it records, loop it",
    "stop": "silence, now",
    "end": "end after this loop",
    "coda": "end after this loop and a last downbeat",
    "home": "back to the seed, and end",
    "hold": "stay with the phrase that sounds, or go on",
    "next": "to the next phrase now",
    "back": "to the phrase before",
    "cancel": "take back what is about to happen",
}
LOG_LINES = 8
_FRAMES = 10  # a second

View = dict[str, Any]


def add(commands: Any) -> None:
    status = commands.add_parser("status", help="what a running box is doing")
    status.add_argument("--json", action="store_true")
    watch = commands.add_parser("watch", help="follow a running box until Ctrl-C")
    tempo = commands.add_parser("tempo", help="play at another tempo")
    tempo.add_argument("bpm", type=float, metavar="BPM")
    transpose = commands.add_parser("transpose", help="transpose, from the next loop on")
    transpose.add_argument("semitones", type=int, metavar="N", help="from how it was recorded")
    mark = commands.add_parser("mark", help="tag this moment in the session's journal")
    mark.add_argument("text", nargs="*", metavar="TEXT")
    use = commands.add_parser("use", help="play another corpus, from the next take on")
    use.add_argument("name", metavar="NAME", help="one of 'smartlooper corpus list', or demo")
    for parser, run in (
        (status, _status), (watch, _watch), (tempo, _tempo), (transpose, _transpose),
        (mark, _mark), (use, _use),
    ):  # fmt: skip
        add_state(parser)
        parser.set_defaults(run=run)
    for verb, about in VERBS.items():
        parser = commands.add_parser(verb, help=about)
        add_state(parser)
        parser.set_defaults(run=_verb, verb=verb)


def _ask(arguments: argparse.Namespace, method: str, **params: Any) -> Any:
    with ControlClient(places_of(arguments).control) as client:
        return client.ask(method, **params)


def _tell(answer: Any) -> int:
    """What the box has to say to a wish, if anything."""
    said = answer.get("says") or answer.get("notice") if isinstance(answer, dict) else ""
    if said:
        print(_plain(str(said)))
    return 0


def _verb(arguments: argparse.Namespace) -> int:
    return _tell(_ask(arguments, arguments.verb))


def _tempo(arguments: argparse.Namespace) -> int:
    if not math.isfinite(arguments.bpm):
        raise ConfigError(f"tempo {arguments.bpm}: a number of beats a minute is wanted")
    return _tell(_ask(arguments, "tempo", bpm=arguments.bpm))


def _transpose(arguments: argparse.Namespace) -> int:
    return _tell(_ask(arguments, "transpose", semitones=arguments.semitones))


def _mark(arguments: argparse.Namespace) -> int:
    text = " ".join(arguments.text)
    if len(text) > LONGEST_MARK:
        raise ConfigError(f"a mark of {len(text)} characters; at most {LONGEST_MARK} are kept")
    return _tell(_ask(arguments, "mark", text=text))


def _use(arguments: argparse.Namespace) -> int:
    if len(arguments.name) > LONGEST_NAME:
        raise ConfigError(f"a name of {len(arguments.name)} characters; see 'corpus list'")
    return _tell(_ask(arguments, "use", name=arguments.name))


def _status(arguments: argparse.Namespace) -> int:
    said = _ask(arguments, "status")
    if arguments.json:
        print(json.dumps(said, indent=1, ensure_ascii=False))
        return 0
    for line in status_lines(said):
        print(_plain(line))
    return 0


def status_lines(said: View) -> Iterator[str]:
    """What a person wants to know, a line each."""
    tempo = f", {said['bpm']:g} BPM" if said.get("bpm") else ""
    hold = ", held" if said.get("hold") else ""
    yield f"{said.get('state', '?')}{hold}; corpus {said.get('corpus', '?')}{tempo}"
    if said.get("current"):
        yield f"now {said['current']}, loop {said.get('loop', 0)}"
    if said.get("queued"):
        yield f"next {said['queued']} ({said.get('why', '')})"
    if said.get("pending"):
        yield f"pending {said['pending']} in {said.get('pending_beats', 0)} beats"
    if said.get("importing"):
        yield f"importing {said['importing']}, {said.get('progress', 0.0):.0%}"
    if said.get("missing"):
        yield f"missing {', '.join(said['missing'])}"
    for name in ("warning", "notice", "confirm"):
        if said.get(name):
            yield str(said[name])


def _watch(arguments: argparse.Namespace) -> int:
    with ControlClient(places_of(arguments).control) as client:
        try:
            if sys.stdout.isatty():
                _show_page(client.watch())
            else:
                _show_lines(client.watch())
        except KeyboardInterrupt:
            pass
    return 0


def _show_page(views: Iterable[View]) -> None:
    # Here, since no other command needs them.
    from rich.console import Console
    from rich.live import Live

    from appliance.cli.page import page

    rolls: dict[str, Any] = {}
    with Live(console=Console(), refresh_per_second=_FRAMES, screen=True) as live:
        for view in views:
            rolls = heard_rolls(rolls, view)
            now = rolls.get(view.get("current", ""))
            live.update(page(view, view.get("log", [])[-LOG_LINES:], now))


def heard_rolls(known: dict[str, Any], view: View) -> dict[str, Any]:
    """The notes of what sounds and of what is next, by name: what is next now sounds later."""
    known = {name: known[name] for name in (view.get("current"),) if name in known}
    if view.get("queued") and view.get("roll"):
        known[view["queued"]] = view["roll"], view["roll_beats"]
    return known


def _show_lines(views: Iterable[View]) -> None:
    told = ""
    for view in views:
        line = news(view)
        if line != told:
            told = line
            print(_plain(line), flush=True)


def news(view: View) -> str:
    """What of a view goes into a log: it does not change with every beat."""
    loop = f"loop {view['loop']}: {view['current']}" if view.get("current") else ""
    parts = (view["state"], loop, view.get("warning"), view.get("notice"), view.get("confirm"))
    return "; ".join(str(part) for part in parts if part)


def _plain(line: str) -> str:
    """On one line, and without what would command the terminal."""
    return "".join(one if one.isprintable() else " " for one in line)
