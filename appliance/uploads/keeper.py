"""`python -m appliance.uploads.keeper`: watches the inbox, and imports what comes, one by one.

A process of its own beside the music, started by the box. It tells what it does in lines of JSON on
standard output: `{"arriving": [NAMES]}` when that changes, `{"importing": NAME}`, then what the
importer tells. It ends when its standard input does, so it never outlives the box. Each import is a
process too, so that the memory it takes is given back, and one that crashes takes nothing with it.
"""

import argparse
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from inotify_simple import INotify, flags

from appliance.uploads.arrivals import Arrivals, Upload, report_for
from appliance.uploads.manners import step_back
from appliance.uploads.report import failed
from appliance.uploads.task import Task
from corpus.keeping import atomic
from corpus.keeping.naming import name_for

QUIET_S = 10.0
LOOKS_A_QUIET = 4
POLL_S = 5.0  # where the system does not tell of changes
_CHANGES = (
    flags.CREATE | flags.CLOSE_WRITE | flags.MOVED_TO | flags.MOVED_FROM | flags.DELETE
    | flags.MODIFY | flags.ATTRIB | flags.ONLYDIR | flags.DONT_FOLLOW
)  # fmt: skip

IMPORTER = [sys.executable, "-m", "appliance.uploads.importer"]
ENDED = "the import ended before it was done; the recordings may be more than this box has room for"

Tell = Callable[[dict[str, Any]], None]
Import = Callable[[Task, Tell], object]


@dataclass(frozen=True)
class Places:
    """Where uploads come, where corpora and what was done with uploads are kept."""

    inbox: Path
    corpora: Path
    known: Path
    cache: Path


@dataclass(frozen=True)
class Done:
    """What an upload was when it was dealt with, and the corpus that it became or was to become."""

    print: str
    corpus: str


def import_apart(task: Task, tell: Tell, command: list[str] = IMPORTER) -> None:
    """Import in a process of its own, and pass on what it tells; report when it crashes."""
    told: dict[str, Any] = {}
    arguments = [*command, *task.arguments()]
    with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for line in child.stdout:
            with suppress(ValueError):  # what a library printed is not ours
                told = json.loads(line)
                tell(told)
    if "made" not in told and "fault" not in told:
        with suppress(OSError):
            atomic.write_text(report_for(task.upload), failed(task.upload.name, ENDED))
        tell({"fault": ENDED})


class Keeper:
    """Deals with uploads; `tell` is told what happens. One thread."""

    def __init__(
        self,
        places: Places,
        embedder: str,
        quiet_ns: int,
        tell: Tell,
        carry_out: Import = import_apart,
    ) -> None:
        self._carry_out = carry_out
        self._places = places
        self._embedder = embedder
        self._tell = tell
        self._done = _read(places.known)
        prints = {name: done.print for name, done in self._done.items()}
        self._arrivals = Arrivals(places.inbox, quiet_ns, prints)
        self._told: list[str] = []

    @property
    def waits(self) -> bool:
        """Something is arriving: look again soon."""
        return self._arrivals.waits

    def look(self, now: int) -> None:
        """Look at the inbox at time `now` (ns), and import what is there."""
        ready = self._arrivals.look(now)
        self._tell_arriving()
        if self._arrivals.closed:
            self._knock()
        for upload in ready:
            self._import(upload)
        if ready:
            self._tell_arriving()

    def _import(self, upload: Upload) -> None:
        corpus = self._corpus_for(upload)
        self._tell({"importing": upload.name, "corpus": corpus})
        places = self._places
        task = Task(upload.path, places.corpora, corpus, self._embedder, places.cache)
        self._carry_out(task, self._tell)
        self._arrivals.settle(upload)
        self._done[upload.name] = Done(upload.print, corpus)
        there = self._arrivals.done
        self._done = {name: done for name, done in self._done.items() if name in there}
        _write(places.known, self._done)

    def _knock(self) -> None:
        """On the box any change of the inbox itself wakes the service that opens uploads to the
        group. Elsewhere nobody comes, and what can be read is imported."""
        with suppress(OSError), NamedTemporaryFile(prefix=".", dir=self._places.inbox):
            pass

    def _corpus_for(self, upload: Upload) -> str:
        """The name it had before, or one that no other upload has."""
        owners = {done.corpus: name for name, done in self._done.items()}
        stem = upload.name if upload.path.is_dir() else Path(upload.name).stem
        return name_for(stem, lambda name: owners.get(name, upload.name) != upload.name)

    def _tell_arriving(self) -> None:
        arriving = self._arrivals.arriving
        if arriving != self._told:
            self._told = arriving
            self._tell({"arriving": arriving})


class Watch:
    """Wakes when something in a tree changes, where the system can tell; else now and then."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._inotify = INotify(nonblocking=True)
        self._tells = True

    def fileno(self) -> int:
        return int(self._inotify.fileno())

    @property
    def pause_s(self) -> float | None:
        """How long to wait at most; None where any change will be told of."""
        return None if self._tells else POLL_S

    def renew(self) -> None:
        """Forget what was told, and watch folders that are new. Watching one twice is no harm."""
        self._inotify.read(timeout=0)
        self._tells = self._root.is_dir()
        for folder, _, _ in os.walk(self._root):
            try:
                self._inotify.add_watch(folder, _CHANGES)
            except OSError:  # gone, or more folders than may be watched
                self._tells = False


def _read(known: Path) -> dict[str, Done]:
    """What was done; nothing where that is not known, and then it is done again."""
    try:
        said = json.loads(known.read_text(encoding="utf-8"))
        return {
            str(name): Done(str(one["print"]), str(one["corpus"])) for name, one in said.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(known: Path, done: dict[str, Done]) -> None:
    """Where it cannot be written, as on a full disk, it is known until the box ends."""
    said = {name: asdict(one) for name, one in sorted(done.items())}
    try:
        known.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(known, json.dumps(said, indent=1))
    except OSError as error:
        print(f"{known}: not written ({error})", file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m appliance.uploads.keeper")
    for name in Places.__dataclass_fields__:
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--embedder", required=True)
    parser.add_argument("--quiet", type=float, default=QUIET_S, metavar="SECONDS")
    arguments = vars(parser.parse_args(argv))
    quiet, embedder = arguments.pop("quiet"), arguments.pop("embedder")
    step_back()
    places = Places(**arguments)
    keeper = Keeper(places, embedder, round(quiet * 1e9), _print)
    watch = Watch(places.inbox)
    while True:
        watch.renew()  # before the look: what changes during it wakes us again
        keeper.look(time.monotonic_ns())
        pause = quiet / LOOKS_A_QUIET if keeper.waits else watch.pause_s
        readable, _, _ = select.select([sys.stdin, watch], [], [], pause)
        if sys.stdin in readable and not os.read(sys.stdin.fileno(), 4096):
            return 0
        if keeper.waits:  # a stream of changes need not be followed one by one
            readable, _, _ = select.select([sys.stdin], [], [], quiet / LOOKS_A_QUIET)


def _print(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
