"""The command line. Every complaint is one line on stderr; exit code 2 for bad input."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from appliance import demo, service, sound
from appliance.bench import player as player_bench
from appliance.errors import ApplianceError, ConfigError
from appliance.folder import PERFORMANCE, write_performance
from appliance.plot import plot_session
from appliance.policy import POLICIES
from appliance.progress import ProgressLine
from appliance.verify import VerificationError, verify_session
from corpus.build import build_bundle
from corpus.bundle import MANIFEST, Bundle, open_bundle
from corpus.errors import CorpusError
from corpus.midifile import read_phrase
from corpus.neighbours import K, nearest_to
from corpus.segment import DEFAULT_BEATS
from firmware.doctor import Patient, examine
from firmware.errors import FirmwareError
from firmware.ports import list_ports
from models.embedder import make_embedder
from models.errors import ModelError

BAD_INPUT = (ApplianceError, CorpusError, ModelError, FirmwareError)
STATE = Path("/var/lib/smartlooper")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 failed at run time, 2 bad input."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except VerificationError as error:
        return _complain(error, 1)
    except BAD_INPUT as error:
        return _complain(error, 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return code


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
    _add_corpus(commands)
    _add_session(commands)
    _add_bench(commands)
    doctor = commands.add_parser("doctor", help="look for what would disturb the music")
    doctor.add_argument("--config", type=Path, metavar="FILE")
    doctor.add_argument("--state", type=Path, metavar="DIR")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(run=_doctor)
    ports = commands.add_parser("ports", help="list the MIDI ports")
    ports.set_defaults(run=_ports)
    return parser


def _add_demo(commands: Any) -> None:
    parser = commands.add_parser("demo", help="the whole instrument, hardware simulated")
    parser.add_argument("--corpus", type=Path, metavar="BUNDLE")
    parser.add_argument("--seed", type=Path, metavar="FILE.mid")
    parser.add_argument("--solo", type=Path, metavar="FILE.mid")
    parser.add_argument("--loops", type=int, default=12, metavar="N")
    parser.add_argument("--tempo", type=float, metavar="BPM")
    parser.add_argument("--policy", default="groove", help=", ".join(sorted(POLICIES)))
    parser.add_argument("--rng", type=int, default=1, metavar="N", help="random seed")
    parser.add_argument("--fast", action="store_true", help="on the simulated clock")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the session folder to write")
    parser.set_defaults(run=_demo)


def _add_run(commands: Any) -> None:
    parser = commands.add_parser("run", help="the instrument, until Ctrl-C")
    parser.add_argument("--config", type=Path, metavar="FILE")
    parser.add_argument("--state", type=Path, metavar="DIR")
    parser.set_defaults(run=_run)


def _add_corpus(commands: Any) -> None:
    corpus = commands.add_parser("corpus", help="build and look at corpora")
    actions = corpus.add_subparsers(required=True, metavar="ACTION")

    build = actions.add_parser("build", help="make a bundle from MIDI files")
    build.add_argument("sources", type=Path, nargs="+", metavar="SRC")
    build.add_argument("--out", type=Path, required=True, metavar="BUNDLE")
    build.add_argument("--beats", type=int, default=DEFAULT_BEATS, metavar="N")
    build.add_argument("--embedder", default=demo.EMBEDDER, metavar="NAME")
    build.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    build.set_defaults(run=_corpus_build)

    for name, run in (("info", _corpus_info), ("verify", _corpus_verify)):
        action = actions.add_parser(name)
        action.add_argument("bundle", type=Path, metavar="BUNDLE")
        action.add_argument("--json", action="store_true")
        action.set_defaults(run=run)

    nearest = actions.add_parser("nearest", help="the segments nearest to a segment or a file")
    nearest.add_argument("bundle", type=Path, metavar="BUNDLE")
    nearest.add_argument("query", metavar="SEGMENT|FILE.mid")
    nearest.add_argument("-k", type=int, default=10, metavar="N")
    nearest.add_argument("--json", action="store_true")
    nearest.set_defaults(run=_corpus_nearest)

    listing = actions.add_parser("list", help="the corpora on this box")
    listing.add_argument("--state", type=Path, default=STATE, metavar="DIR")
    listing.set_defaults(run=_corpus_list)


def _add_session(commands: Any) -> None:
    session = commands.add_parser("session", help="check and draw recorded sessions")
    actions = session.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="prove that every note is the artist's")
    verify.add_argument("folder", type=Path, metavar="DIR")
    verify.add_argument("--corpus", type=Path, metavar="BUNDLE")
    verify.set_defaults(run=_session_verify)
    plot = actions.add_parser("plot", help="draw a session")
    plot.add_argument("folder", type=Path, metavar="DIR")
    plot.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    plot.set_defaults(run=_session_plot)


def _add_bench(commands: Any) -> None:
    bench = commands.add_parser("bench", help="measure this machine")
    actions = bench.add_subparsers(required=True, metavar="WHAT")
    player = actions.add_parser("player", help="how late messages leave")
    player.add_argument("--messages", type=int, default=750, metavar="N", help="each time")
    player.add_argument("--interval", type=float, default=0.02, metavar="SECONDS")
    player.add_argument("--repeats", type=int, default=3, metavar="N")
    player.add_argument("--json", action="store_true")
    player.set_defaults(run=_bench_player)


def _bench_player(arguments: argparse.Namespace) -> int:
    plan = player_bench.Plan(arguments.messages, arguments.interval, arguments.repeats)
    if plan.messages < 1 or plan.repeats < 1 or not 0.001 <= plan.interval <= 1:
        raise ConfigError("--messages and --repeats: at least 1; --interval: 0.001 to 1 second")
    result = player_bench.run(plan, lambda line: print(line, file=sys.stderr, flush=True))
    print(json.dumps(result, indent=None if arguments.json else 1))
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    names = ("corpus", "seed", "solo", "loops", "tempo", "policy", "rng", "fast", "out")
    settings = demo.Demo(**{name: getattr(arguments, name) for name in names})
    folder = demo.play(settings, _say)
    if not settings.fast:
        _say(sound.render(folder))
    print(f"session: {folder}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    config = service.read_config(arguments.config)
    return service.run(config, arguments.state or config.state, _say)


def _corpus_build(arguments: argparse.Namespace) -> int:
    if arguments.jobs < 1:
        raise ConfigError(f"--jobs {arguments.jobs}: at least 1")
    with ProgressLine(sys.stdout) as progress:
        report = build_bundle(
            arguments.sources,
            arguments.out,
            make_embedder(arguments.embedder),
            arguments.beats,
            arguments.jobs,
            progress,
        )
    for reason in report.left_out:
        print(f"left out: {reason}", file=sys.stderr)
    print(f"{arguments.out}: {report.segments} segments from {report.tracks} tracks")
    return 0


def _corpus_info(arguments: argparse.Namespace) -> int:
    bundle = open_bundle(arguments.bundle)
    facts = _facts(bundle)
    if arguments.json:
        print(json.dumps(facts, indent=1, ensure_ascii=False))
        return 0
    for name in ("name", "segments", "notes", "embedder", "bpm", "sha256"):
        print(f"{name:<10} {facts[name]}")
    for track in facts["tracks"]:
        print(f"  {track['name']}: {track['segments']} segments, {track['bpm']:.0f} BPM")
    return 0


def _facts(bundle: Bundle) -> dict[str, Any]:
    segments = bundle.segments
    tracks = []
    for name in dict.fromkeys(segments["track"].tolist()):
        rows = segments[segments["track"] == name]
        bpm = round(float(rows["bpm"].mean()), 2)
        tracks.append({"name": name, "segments": len(rows), "bpm": bpm})
    return {
        "name": bundle.name,
        "sha256": bundle.sha256,
        "embedder": bundle.embedder,
        "segments": len(bundle),
        "notes": len(bundle.notes),
        "bpm": [round(float(edge), 2) for edge in (segments["bpm"].min(), segments["bpm"].max())],
        "tracks": tracks,
    }


def _corpus_verify(arguments: argparse.Namespace) -> int:
    bundle = open_bundle(arguments.bundle, verify=True)
    if arguments.json:
        print(json.dumps({"ok": True, "segments": len(bundle), "sha256": bundle.sha256}))
    else:
        print(f"{arguments.bundle}: whole, {len(bundle)} segments")
    return 0


def _corpus_nearest(arguments: argparse.Namespace) -> int:
    bundle = open_bundle(arguments.bundle)
    if not 1 <= arguments.k <= K:
        raise ConfigError(f"-k {arguments.k}: 1 to {K}")
    if Path(arguments.query).suffix.lower() in (".mid", ".midi"):
        embedder = make_embedder(bundle.embedder)
        phrase = read_phrase(Path(arguments.query))
        found = nearest_to(embedder, phrase, bundle.embeddings.astype("f4"), arguments.k)
    else:
        found = bundle.neighbours[bundle.row(arguments.query)][: arguments.k]
    rows = [
        {
            "segment": str(bundle.segments["id"][one["segment"]]),
            "transpose": int(one["transpose"]),
            "similarity": round(float(one["similarity"]), 4),
        }
        for one in found
    ]
    if arguments.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    for row in rows:
        print(f"{row['similarity']:.3f}  {row['transpose']:+3d}  {row['segment']}")
    return 0


def _corpus_list(arguments: argparse.Namespace) -> int:
    folder = arguments.state / "corpora"
    found = sorted(folder.glob(f"*/current/{MANIFEST}")) if folder.is_dir() else []
    for manifest in found:
        bundle = open_bundle(manifest.parent)
        print(f"{manifest.parent.parent.name}: {len(bundle)} segments, {bundle.embedder}")
    if not found:
        print(f"no corpora in {folder}")
    return 0


def _session_verify(arguments: argparse.Namespace) -> int:
    if not (arguments.folder / PERFORMANCE).exists():
        write_performance(arguments.folder)  # after a power cut the journal is all there is
    path = arguments.corpus
    bundle = open_bundle(path, verify=True) if path else demo.demo_bundle()
    proof = verify_session(arguments.folder, bundle)
    left_out = f", {proof.left_out} left out for a reason" if proof.left_out else ""
    print(
        f"{arguments.folder}: every note is the artist's"
        f" ({proof.notes} notes in {proof.loops} loops{left_out})"
    )
    return 0


def _session_plot(arguments: argparse.Namespace) -> int:
    if not (arguments.folder / PERFORMANCE).exists():
        write_performance(arguments.folder)
    plot_session(arguments.folder, arguments.out)
    print(arguments.out)
    return 0


def _ports(arguments: argparse.Namespace) -> int:
    for direction, names in list_ports().items():
        print(f"{direction}:")
        for name in names or ["(none)"]:
            print(f"  {name}")
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    config = service.read_config(arguments.config)
    storage = arguments.state or config.state
    findings = examine(Patient(config.midi_output, config.midi_input, storage))
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        print(*findings, sep="\n")
    return 1 if any(finding.state == "fault" for finding in findings) else 0


def _say(line: str) -> None:
    print(line, flush=True)
