"""smartlooper corpus: build, look at and search corpora."""

import argparse
import json
import math
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from appliance.cli.places import add_state, places_of
from appliance.config import EMBEDDER
from appliance.errors import ConfigError
from appliance.progress import ProgressLine
from corpus.building.build import BuildReport, BuildSettings, build_bundle
from corpus.building.cache import Cache, default_folder
from corpus.building.engine import Check, make_engine
from corpus.building.importing import ImportSettings
from corpus.cutting.segment import CUTS, DEFAULT_BEATS, LEAD_IN, MIN_LOOPABILITY, CutSettings
from corpus.drawing.medley import write_nearest
from corpus.drawing.plot import plot_corpus, plot_nearest
from corpus.errors import CorpusError
from corpus.hearing.key import MAJOR, MINOR, Key
from corpus.keeping.bundle import Bundle, embedder_of, open_bundle
from corpus.keeping.export import export_bundle
from corpus.keeping.library import Library
from corpus.keeping.manifest import HOW_COMPARED
from corpus.keeping.soundness import check_segments
from corpus.neighbours import K, Neighbours, nearest_to
from corpus.reading.limits import DEFAULT, Limits
from corpus.reading.midifile import read_phrase
from corpus.reading.sources import SUFFIXES
from models.notes import Phrase

MOST_SHOWN = 20  # reasons for one track
_LIMITS_HELP = "what of an upload is read at most; again for another: " + ", ".join(
    f"{name}={value:.15g}" for name, value in asdict(DEFAULT).items()
)


def add(commands: Any) -> None:
    corpus = commands.add_parser("corpus", help="build and look at corpora")
    actions = corpus.add_subparsers(required=True, metavar="ACTION")
    _add_build(actions)

    for name, run, about in (
        ("info", _info, "what is in a bundle"),
        ("verify", _verify, "whether a bundle is whole"),
    ):
        action = actions.add_parser(name, help=about)
        action.add_argument("bundle", type=Path, metavar="BUNDLE")
        action.add_argument("--json", action="store_true")
        action.set_defaults(run=run)

    plot = actions.add_parser("plot", help="a map of a corpus, and typical segments")
    plot.add_argument("bundle", type=Path, metavar="BUNDLE")
    plot.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    plot.add_argument("--colour", default="track", metavar="COLUMN", help="track, label, key, ...")
    plot.set_defaults(run=_plot)

    nearest = actions.add_parser("nearest", help="the segments nearest to a segment or a file")
    nearest.add_argument("bundle", type=Path, metavar="BUNDLE")
    nearest.add_argument("query", metavar="SEGMENT|FILE.mid")
    nearest.add_argument("-k", type=int, default=10, metavar="N")
    nearest.add_argument("--json", action="store_true")
    nearest.add_argument("--out", type=Path, metavar="FILE.mid", help="to listen to")
    nearest.add_argument("--plot", type=Path, metavar="FILE.png", help="to look at")
    nearest.set_defaults(run=_nearest)

    export = actions.add_parser("export", help="a bundle as MIDI files, one a segment")
    export.add_argument("bundle", type=Path, metavar="BUNDLE")
    export.add_argument("--out", type=Path, required=True, metavar="DIR")
    export.set_defaults(run=_export)

    listing = actions.add_parser("list", help="the corpora on this box")
    add_state(listing)
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)


def _add_build(actions: Any) -> None:
    build = actions.add_parser("build", help="make a bundle from MIDI files, folders and zips")
    build.add_argument("sources", type=Path, nargs="+", metavar="SRC")
    build.add_argument("--out", type=Path, required=True, metavar="BUNDLE")
    build.add_argument("--beats", type=int, metavar="N", help=f"a segment ({DEFAULT_BEATS})")
    build.add_argument("--cut", choices=CUTS, default=CUTS[0], help="begin anew at phrases")
    build.add_argument("--lead-in", type=float, default=LEAD_IN, metavar="BEATS")
    build.add_argument("--min-loopability", type=float, default=MIN_LOOPABILITY, metavar="0..1")
    build.add_argument("--rotations", action="store_true", help="compare from every beat")
    build.add_argument("--embedder", default=EMBEDDER, metavar="NAME")
    build.add_argument(
        "--limit", action="append", default=[], metavar="NAME=VALUE", help=_LIMITS_HELP
    )
    build.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    build.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that does it")
    build.add_argument("--cache", type=Path, default=default_folder(), metavar="DIR")
    build.add_argument("--json", action="store_true")
    build.set_defaults(run=_build)


def _build(arguments: argparse.Namespace) -> int:
    importing = ImportSettings(_cut(arguments), limits=_limits(arguments.limit))
    settings = BuildSettings(arguments.embedder, arguments.beats, importing, arguments.rotations)
    cache = Cache(arguments.cache, warn=lambda line: print(line, file=sys.stderr))
    told = sys.stderr if arguments.json else sys.stdout
    with (
        stoppable() as check,
        make_engine(arguments.jobs, arguments.scheduler, check) as engine,
        ProgressLine(told) as line,
    ):

        def progress(what: str, done: int, total: int) -> None:
            check()
            line(what, done, total)

        report = build_bundle(arguments.sources, arguments.out, settings, engine, cache, progress)
    if arguments.json:
        print(json.dumps(asdict(report), indent=1, ensure_ascii=False))
    else:
        _tell(arguments.out, report)
    return 0


@contextmanager
def stoppable() -> Iterator[Check]:
    """Ctrl-C or SIGTERM is heeded where the build calls what this gives; the second one at once."""
    told: list[int] = []

    def stop(number: int, _: object) -> None:
        if told:
            raise KeyboardInterrupt
        told.append(number)

    def check() -> None:
        if told:
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    heard = threading.current_thread() is threading.main_thread()  # others may not
    before = [(number, signal.signal(number, stop)) for number in numbers if heard]
    try:
        yield check
    except KeyboardInterrupt:
        print("smartlooper: stopped; what is done is kept, build again to go on", file=sys.stderr)
        raise
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _cut(arguments: argparse.Namespace) -> CutSettings:
    """How to cut, option by option: what makes no sense is told with the option's name."""
    cut = CutSettings()
    for name in ("beats", "lead_in", "cut", "min_loopability"):
        value = getattr(arguments, name)
        try:
            cut = cut if value is None else replace(cut, **{name: value})
        except CorpusError as error:
            raise ConfigError(f"--{name.replace('_', '-')}: {error}") from error
    return cut


def _limits(given: Iterable[str]) -> Limits:
    """The limits with what each NAME=VALUE says; the last counts."""
    kinds = {field.name: type(field.default) for field in fields(Limits)}
    values: dict[str, Any] = {}
    for one in given:
        name, _, text = one.partition("=")
        name = name.strip().replace("-", "_")
        if name not in kinds:
            raise ConfigError(f"--limit {one!a}: give NAME=VALUE, NAME one of {', '.join(kinds)}")
        values[name] = _limit(kinds[name], text, f"--limit {one!a}")
    return Limits(**values)


def _limit(kind: type, text: str, option: str) -> Any:
    whole = "a whole number" if kind is int else "a number"
    try:
        value = kind(text)
    except ValueError:
        value = 0
    if not 0 < value < math.inf:
        raise ConfigError(f"{option}: give {whole} above 0")
    return value


def _tell(out: Path, report: BuildReport) -> None:
    for reason in report.left_out:
        print(f"left out: {reason}", file=sys.stderr)
    if report.copies:
        print(f"left out: {report.copies} copies of other segments", file=sys.stderr)
    print(f"{out}: {report.segments} segments from {len(report.tracks)} tracks")


def _info(arguments: argparse.Namespace) -> int:
    bundle = open_bundle(arguments.bundle)
    check_segments(bundle, bundle.segments)
    facts = _facts(bundle)
    if arguments.json:
        print(json.dumps(facts, indent=1, ensure_ascii=False))
        return 0
    for line in _info_lines(facts):
        print(_plain(line))
    return 0


def _info_lines(facts: dict[str, Any]) -> Iterator[str]:
    low, high = facts["bpm"]
    yield f"{facts['name']}: {facts['segments']} segments, {facts['notes']} notes"
    yield f"embedder  {facts['embedder']}"
    yield f"tempo     {low:g} to {high:g} BPM: {_spread(facts['tempos'])}"
    yield f"keys      {_spread(facts['keys'])}"
    for track in facts["tracks"]:
        yield f"  {_track_line(track)}"
        yield from _shown("repaired: {}", track["repairs"])
        reasons = [f"{one['reason']} ({one['count']})" for one in track["left_out"]]
        yield from _shown("left out: {}", reasons)
    for line in facts["left_out"]:
        yield f"  left out: {line['file']}: {line['reason']}"
    if facts["copies"]:
        yield f"  left out: {facts['copies']} copies of other segments"
    yield f"sha256    {facts['sha256']}"


def _shown(form: str, lines: list[str]) -> Iterator[str]:
    """The first of them below a track, and how many more there are."""
    yield from (f"      {form.format(line)}" for line in lines[:MOST_SHOWN])
    if len(lines) > MOST_SHOWN:
        yield f"      {form.format(f'and {len(lines) - MOST_SHOWN} more (see --json)')}"


def _plain(line: str) -> str:
    """On one line, and without what would command the terminal."""
    return "".join(one if one.isprintable() else " " for one in line)


def _spread(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _track_line(track: dict[str, Any]) -> str:
    tempo = f"{track['bpm']:.0f} BPM ({track['bpm_source']} {track['bpm_confidence']:.2f})"
    key = f"{track['key']} ({track['key_confidence']:.2f})"
    return f"{track['name']}: {track['segments']} segments, {tempo}, {key}"


def _facts(bundle: Bundle) -> dict[str, Any]:
    segments, known = bundle.segments, ("k", *HOW_COMPARED)
    neighbours = bundle.manifest["neighbours"]
    wanted = ("name", "file", "bpm", "bpm_source", "bpm_confidence", "key", "key_confidence")
    tracks = [
        {name: track[name] for name in (*wanted, "segments", "labels", "repairs")}
        | {"left_out": _only(track["left_out"], "reason", "count")}
        for track in bundle.manifest["tracks"]
    ]
    return {
        "name": bundle.name,
        "sha256": bundle.sha256,
        "embedder": bundle.embedder,
        "segments": len(bundle),
        "notes": len(bundle.notes),
        "bpm": [round(float(edge), 2) for edge in (segments["bpm"].min(), segments["bpm"].max())],
        "tempos": _tempos(segments["bpm"]),
        "keys": _keys(segments),
        "neighbours": {name: neighbours[name] for name in known if name in neighbours},
        "tracks": tracks,
        "left_out": _only(bundle.manifest["left_out"], "file", "reason"),
        "copies": bundle.manifest["copies"],
    }


def _only(rows: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [{name: row[name] for name in names} for row in rows]


def _tempos(bpm: Any) -> dict[str, int]:
    """Segments by tens of BPM."""
    tens = Counter((np.floor(np.asarray(bpm) / 10) * 10).astype(int).tolist())
    return {f"{ten}-{ten + 9}": tens[ten] for ten in sorted(tens)}


def _keys(segments: Any) -> dict[str, int]:
    """Segments by key, the commonest first."""
    pairs = zip(segments["key_tonic"].tolist(), segments["key_minor"].tolist(), strict=True)
    counts = Counter(Key(tonic, MINOR if minor else MAJOR).name for tonic, minor in pairs)
    return dict(counts.most_common())


def _verify(arguments: argparse.Namespace) -> int:
    bundle = open_bundle(arguments.bundle, verify=True)
    if arguments.json:
        print(json.dumps({"ok": True, "segments": len(bundle), "sha256": bundle.sha256}))
    else:
        print(f"{arguments.bundle}: whole, {len(bundle)} segments")
    return 0


def _plot(arguments: argparse.Namespace) -> int:
    _check_out(arguments.out)
    plot_corpus(open_bundle(arguments.bundle), arguments.out, arguments.colour)
    return 0


def _check_out(file: Path | None) -> None:
    """Only a file is written over: a pipe without a reader would be waited for."""
    if file is not None and file.exists() and not file.is_file():
        raise ConfigError(f"{file}: exists and is not a file; choose another")


def _nearest(arguments: argparse.Namespace) -> int:
    bundle = open_bundle(arguments.bundle)
    if not 1 <= arguments.k <= K:
        raise ConfigError(f"-k {arguments.k}: 1 to {K}")
    _check_out(arguments.out)
    _check_out(arguments.plot)
    query, found = _look_up(bundle, arguments.query, arguments.k)
    if arguments.out:
        write_nearest(bundle, query, found, arguments.out)
    if arguments.plot:
        plot_nearest(bundle, query, found, arguments.plot, arguments.query)
    rows = [
        {
            "segment": str(bundle.segments["id"][one["segment"]]),
            "transpose": int(one["transpose"]),
            "rotate": int(one["rotate"]),
            "similarity": round(float(one["similarity"]), 4),
        }
        for one in found
    ]
    if arguments.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    for row in rows:
        turned = f"  from beat {row['rotate']}" if row["rotate"] else ""
        name = _plain(str(row["segment"]))
        print(f"{row['similarity']:.3f}  {row['transpose']:+3d}  {name}{turned}")
    return 0


def _look_up(bundle: Bundle, query: str, k: int) -> tuple[Phrase, Neighbours]:
    if Path(query).suffix.lower() in SUFFIXES:
        phrase = read_phrase(Path(query))
        return phrase, nearest_to(embedder_of(bundle), phrase, bundle.embeddings, k)
    row = bundle.row(query)
    return bundle.phrase(row), bundle.nearest(row)[:k]


def _export(arguments: argparse.Namespace) -> int:
    files = export_bundle(open_bundle(arguments.bundle), arguments.out)
    print(f"{arguments.out}: {len(files)} files")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    library = Library(places_of(arguments).corpora)
    current = library.current()
    found = [(name, name == current, library.place(name)) for name in library.names()]
    if arguments.json:
        rows = [{"name": name, "current": is_current} for name, is_current, _ in found]
        print(json.dumps(rows, indent=1))
        return 0
    for name, is_current, place in found:
        print(_plain(f"{'*' if is_current else ' '} {name}: {_in_short(place)}"))
    if not found:
        print(f"no corpora in {library.folder}")
    return 0


def _in_short(place: Path) -> str:
    try:
        bundle = open_bundle(place)
    except CorpusError as error:
        return f"cannot be used: {error}"
    return f"{len(bundle)} segments, {bundle.embedder}"
