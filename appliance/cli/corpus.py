"""smartlooper corpus: build, look at and search corpora."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from appliance.demo import EMBEDDER
from appliance.errors import ConfigError
from appliance.progress import ProgressLine
from appliance.service import Config
from corpus.build import build_bundle
from corpus.bundle import MANIFEST, Bundle, open_bundle
from corpus.midifile import read_phrase
from corpus.neighbours import K, nearest_to
from corpus.segment import DEFAULT_BEATS
from models.embedder import make_embedder


def add(commands: Any) -> None:
    corpus = commands.add_parser("corpus", help="build and look at corpora")
    actions = corpus.add_subparsers(required=True, metavar="ACTION")

    build = actions.add_parser("build", help="make a bundle from MIDI files")
    build.add_argument("sources", type=Path, nargs="+", metavar="SRC")
    build.add_argument("--out", type=Path, required=True, metavar="BUNDLE")
    build.add_argument("--beats", type=int, default=DEFAULT_BEATS, metavar="N")
    build.add_argument("--embedder", default=EMBEDDER, metavar="NAME")
    build.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    build.set_defaults(run=_build)

    for name, run in (("info", _info), ("verify", _verify)):
        action = actions.add_parser(name)
        action.add_argument("bundle", type=Path, metavar="BUNDLE")
        action.add_argument("--json", action="store_true")
        action.set_defaults(run=run)

    nearest = actions.add_parser("nearest", help="the segments nearest to a segment or a file")
    nearest.add_argument("bundle", type=Path, metavar="BUNDLE")
    nearest.add_argument("query", metavar="SEGMENT|FILE.mid")
    nearest.add_argument("-k", type=int, default=10, metavar="N")
    nearest.add_argument("--json", action="store_true")
    nearest.set_defaults(run=_nearest)

    listing = actions.add_parser("list", help="the corpora on this box")
    listing.add_argument("--state", type=Path, default=Config.state, metavar="DIR")
    listing.set_defaults(run=_list)


def _build(arguments: argparse.Namespace) -> int:
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


def _info(arguments: argparse.Namespace) -> int:
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


def _verify(arguments: argparse.Namespace) -> int:
    bundle = open_bundle(arguments.bundle, verify=True)
    if arguments.json:
        print(json.dumps({"ok": True, "segments": len(bundle), "sha256": bundle.sha256}))
    else:
        print(f"{arguments.bundle}: whole, {len(bundle)} segments")
    return 0


def _nearest(arguments: argparse.Namespace) -> int:
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


def _list(arguments: argparse.Namespace) -> int:
    folder = arguments.state / "corpora"
    found = sorted(folder.glob(f"*/current/{MANIFEST}")) if folder.is_dir() else []
    for manifest in found:
        bundle = open_bundle(manifest.parent)
        print(f"{manifest.parent.parent.name}: {len(bundle)} segments, {bundle.embedder}")
    if not found:
        print(f"no corpora in {folder}")
    return 0
