"""`python -m appliance.uploads.importer`: one upload becomes a corpus, in a process of its own.

It runs after everything else (nice 19, idle disk priority), tells its progress in lines of JSON on
standard output, writes the report beside the upload, and touches nothing but the new corpus.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.uploads.arrivals import report_for
from appliance.uploads.manners import step_back
from appliance.uploads.report import failed, written
from appliance.uploads.task import Task
from corpus.building.build import BuildReport, BuildSettings, build_bundle
from corpus.building.cache import Cache
from corpus.errors import BundleError, CorpusError
from corpus.keeping import atomic
from corpus.keeping.adopt import adopt_bundle, find_bundle
from corpus.keeping.library import Library
from models.errors import ModelError

RESERVE_BYTES = 256 * 1024 * 1024  # of disk that stays free, for sessions
TOLD_EVERY_S = 0.25


def import_upload(task: Task, tell: Callable[[dict[str, Any]], None]) -> bool:
    """Import or adopt, and remove what is older than the last few."""
    made = carry_out(task, tell)
    if made:
        Library(task.corpora).prune()
    return made


def carry_out(task: Task, tell: Callable[[dict[str, Any]], None]) -> bool:
    """Import or adopt; False where it could not be done, which the report and the last line say.

    The old corpus of that name stays until the new one is whole on the disk.
    """
    place = Library(task.corpora).place(task.name)
    try:
        _check_room(task.corpora)
        bundle = find_bundle(task.upload)
        if bundle is not None:
            tell({"progress": "checking", "done": 0, "total": 1})
            report: BuildReport | int = len(adopt_bundle(bundle, place))
        else:
            settings = BuildSettings(task.embedder)
            progress = _Progress(tell)
            cache = Cache(task.cache, warn=lambda line: None)
            report = build_bundle([task.upload], place, settings, cache=cache, progress=progress)
    except (CorpusError, ModelError, OSError) as error:
        fault = " ".join(str(error).split())
        _keep(task.upload, failed(task.upload.name, fault))
        tell({"fault": fault})
        return False
    _keep(task.upload, written(task.name, report))
    segments = report if isinstance(report, int) else report.segments
    tell({"made": task.name, "segments": segments})
    return True


class _Progress:
    """Tells of progress, but not at every step."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell = tell
        self._told = ("", 0.0)

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what != self._told[0] or now - self._told[1] >= TOLD_EVERY_S:
            self._told = (what, now)
            self._tell({"progress": what, "done": done, "total": total})


def _check_room(corpora: Path) -> None:
    corpora.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(corpora).free
    if free < RESERVE_BYTES:
        raise BundleError(
            f"the disk is nearly full: {free >> 20} MB free, {RESERVE_BYTES >> 20} MB stay free for"
            " sessions; remove old sessions or corpora"
        )


def _keep(upload: Path, text: str) -> None:
    """The report, whole or not at all. Where it cannot be written the music still goes on."""
    place = report_for(upload)
    try:
        atomic.write_text(place, text)
    except OSError as error:
        print(f"{place}: not written ({error})", file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m appliance.uploads.importer")
    for name in ("upload", "corpora", "name", "embedder", "cache"):
        kind = str if name in ("name", "embedder") else Path
        parser.add_argument(f"--{name}", type=kind, required=True)
    step_back()
    task = Task(**vars(parser.parse_args(argv)))
    return 0 if import_upload(task, lambda line: print(json.dumps(line), flush=True)) else 1


if __name__ == "__main__":
    sys.exit(main())
