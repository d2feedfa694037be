"""smartlooper ports, doctor, calibrate and bench: what the music runs on."""

import argparse
import json
import os
import sys
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Any

from appliance.bench import player as player_bench
from appliance.bench.pop909 import SONGS
from appliance.checkup import check_up, read_as_found
from appliance.config import EMBEDDER, read_config
from appliance.errors import ConfigError
from appliance.places import places
from firmware.calibrate import Calibration
from firmware.clock import MonotonicClock
from firmware.doctor import Patient, examine
from firmware.player import PlayerProcess
from firmware.ports import list_ports, open_input
from firmware.profile import load_profile, write_profile
from firmware.wizard import calibrate


def add(commands: Any) -> None:
    ports = commands.add_parser("ports", help="list the MIDI ports")
    ports.set_defaults(run=_ports)

    doctor = commands.add_parser("doctor", help="look for what would disturb the music")
    doctor.add_argument("--config", type=Path, metavar="FILE")
    doctor.add_argument("--state", type=Path, metavar="DIR")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=_doctor)

    wizard = commands.add_parser("calibrate", help="measure your piano by ear")
    wizard.add_argument("--config", type=Path, metavar="FILE")
    wizard.add_argument("--out", type=Path, required=True, metavar="PROFILE.toml")
    wizard.set_defaults(run=_calibrate)

    bench = commands.add_parser("bench", help="measure this machine")
    actions = bench.add_subparsers(required=True, metavar="WHAT")
    player = actions.add_parser("player", help="how late messages leave")
    player.add_argument("--messages", type=int, default=1500, metavar="N", help="each time")
    player.add_argument("--interval", type=float, default=0.01, metavar="SECONDS")
    player.add_argument("--repeats", type=int, default=3, metavar="N")
    player.add_argument("--json", action="store_true")
    player.set_defaults(run=_bench_player)

    imports = actions.add_parser("import", help="how well recordings become a corpus")
    imports.add_argument("--data", type=Path, default=SONGS, metavar="DIR", help="of POP909")
    imports.add_argument("--only", action="append", default=[], metavar="PART", help="again: more")
    imports.add_argument("--json", action="store_true")
    imports.set_defaults(run=_bench_import)

    embed = actions.add_parser("embed", help="how well embedders hear, and what they cost")
    embed.add_argument("--data", type=Path, default=SONGS, metavar="DIR", help="of POP909")
    embed.add_argument("--embedder", action="append", default=[], metavar="NAME", help="one more")
    embed.add_argument("--queries", type=int, default=400, metavar="N", help="for the next segment")
    embed.add_argument("--json", action="store_true")
    embed.set_defaults(run=_bench_embed)

    groove = actions.add_parser("groove", help="how good the choices are, by policy")
    groove.add_argument("--data", type=Path, default=SONGS, metavar="DIR", help="of POP909")
    groove.add_argument("--embedder", default=EMBEDDER, metavar="NAME")
    groove.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    groove.add_argument("--out", type=Path, metavar="DIR", help="the table and pictures go there")
    groove.add_argument("--json", action="store_true")
    groove.set_defaults(run=_bench_groove)

    copilot = actions.add_parser("copilot", help="what the copilot understands, keeps and costs")
    copilot.add_argument("--requests", action="append", type=Path, metavar="FILE.jsonl")
    copilot.add_argument("--corpus", type=Path, metavar="BUNDLE", help="the demo's without")
    copilot.add_argument("--sessions", type=int, default=1000, metavar="N")
    copilot.add_argument("--rng", type=int, default=0, metavar="N", help="random seed")
    copilot.add_argument("--json", action="store_true")
    copilot.set_defaults(run=_bench_copilot)

    decide = actions.add_parser("decide", help="how long a decision takes in a large corpus")
    decide.add_argument("--json", action="store_true")
    decide.set_defaults(run=_bench_decide)


def _ports(arguments: argparse.Namespace) -> int:
    for direction, names in list_ports().items():
        print(f"{direction}:")
        for name in names or ["(none)"]:
            print(f"  {name}")
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    config, finding = read_as_found(arguments.config)
    patient = Patient(
        config.midi.output,
        config.midi.input,
        arguments.state or config.state,
        priority=config.player.priority,
        oled=config.oled(),
        switches=config.switches(),
    )
    where = places(config, arguments.state)
    findings = [finding, *examine(patient), *check_up(config, where)]
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        print(*findings, sep="\n")
    return 1 if any(finding.state == "fault" for finding in findings) else 0


def _calibrate(arguments: argparse.Namespace) -> int:
    """Keys answer; a line each, so that it works over any terminal or pipe."""
    config = read_config(arguments.config)
    start = load_profile(config.midi.profile)
    if not arguments.out.parent.is_dir():
        raise ConfigError(f"{arguments.out}: no such folder; make it first")
    came: deque[tuple[int, bytes]] = deque(maxlen=4096)
    clock = MonotonicClock()
    listening = open_input(config.midi.input, lambda ns, data: came.append((ns, data)))

    def came_in() -> list[tuple[int, bytes]]:
        return [came.popleft() for _ in range(len(came))]

    try:
        with PlayerProcess(config.midi.output, None) as player:
            calibration = Calibration(start, arguments.out.stem)
            profile = calibrate(calibration, player, came_in, clock, _ask, clock.wait_until)
    finally:
        listening.close()
    write_profile(profile, arguments.out)
    # The service works in another folder: only the whole path is the same for both.
    written = str(arguments.out.resolve())
    print(f"{written}: put profile = {written!r} into [midi] of your configuration")
    return 0


def _ask(question: str, keys: dict[str, str]) -> str:
    named = ", ".join(f"{'space' if key == ' ' else key} = {what}" for key, what in keys.items())
    print(f"{question} ({named})", flush=True)
    line = sys.stdin.readline()
    if not line:
        raise ConfigError("the answers ended before the questions; nothing was written")
    return line.rstrip("\n")[:1] or " "


def _bench_import(arguments: argparse.Namespace) -> int:
    # Here, since it brings libraries that only a bench needs.
    from appliance.bench.importing import import_figures

    try:
        figures = import_figures(arguments.data, tuple(arguments.only), _say)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{error.name} is not installed; a bench needs pip install 'smartlooper[bench]'"
        ) from error
    print(json.dumps(figures, indent=None if arguments.json else 1))
    return 0


def _bench_embed(arguments: argparse.Namespace) -> int:
    from appliance.bench.embedders import Plan, embed_report  # here, as above

    if arguments.queries < 1:
        raise ConfigError(f"--queries {arguments.queries}: at least 1")
    plan = Plan(queries=arguments.queries)
    report = embed_report(arguments.data, tuple(arguments.embedder), plan, _say)
    print(json.dumps(report, indent=None if arguments.json else 1))
    return 0


def _bench_groove(arguments: argparse.Namespace) -> int:
    from appliance.bench.groove.run import (  # here, as above
        Asked,
        groove_figures,
        table,
        write_figures,
    )

    out: Path | None = arguments.out
    if arguments.jobs < 1:
        raise ConfigError(f"--jobs {arguments.jobs}: at least 1")
    if out is not None and out.exists() and not out.is_dir():
        raise ConfigError(f"{out}: is a file; name a folder for the table and pictures")
    asked = Asked(arguments.data, arguments.embedder, jobs=arguments.jobs)
    figures = groove_figures(asked, _say)
    for written in write_figures(figures, out) if out else ():
        _say(f"{written} written")
    print(json.dumps(figures) if arguments.json else table(figures))
    return 0


def _bench_decide(arguments: argparse.Namespace) -> int:
    from appliance.bench.decide import decide_figures, decide_table  # here, as above

    figures = decide_figures(say=_say)
    print(json.dumps(figures) if arguments.json else decide_table(figures))
    return 0


def _bench_copilot(arguments: argparse.Namespace) -> int:
    """With --requests only these are planned, a line each with --json; without it all else."""
    from appliance.bench.copilot import (  # here, as above
        copilot_figures,
        request_lines,
        request_table,
    )
    from appliance.demo import demo_bundle
    from corpus.keeping.bundle import open_bundle

    if arguments.requests:
        for path in arguments.requests:
            lines = request_lines(path) if arguments.json else request_table(path)
            print(*lines, sep="\n")
        return 0
    if arguments.sessions < 1 or arguments.rng < 0:
        raise ConfigError("--sessions: at least 1; --rng: 0 or more")
    path = arguments.corpus
    bundle = open_bundle(path, verify=True) if path else demo_bundle(_say)
    figures = copilot_figures(bundle, (), arguments.sessions, arguments.rng, _say)
    print(json.dumps(figures, indent=None if arguments.json else 1))
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _bench_player(arguments: argparse.Namespace) -> int:
    plan = player_bench.Plan(arguments.messages, arguments.interval, arguments.repeats)
    if plan.messages < 1 or plan.repeats < 1 or not 0.001 <= plan.interval <= 1:
        raise ConfigError("--messages and --repeats: at least 1; --interval: 0.001 to 1 second")
    result = player_bench.run(plan, _say)
    print(json.dumps(result, indent=None if arguments.json else 1))
    return 0
