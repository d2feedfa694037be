"""`python -m appliance.finishing FOLDER...`: what is still to be made of sessions that are over.

A process that outlives the box, of the lowest priority: a box that is told to stop does not wait
for it, and one that starts has it make up for a power cut. With --most-bytes N the oldest sessions
beside a folder are removed, as far as together they take more.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.errors import ApplianceError
from appliance.folder import PERFORMANCE, SESSION
from appliance.quota import finish_within, newest_first
from corpus.errors import CorpusError
from models.errors import ModelError

NICENESS = 19
LOOKED_AT = 20  # sessions, the newest


def unfinished(sessions: Path) -> list[Path]:
    """Those in a folder that something came of, and whose performance was not made."""
    return [
        folder
        for folder in newest_first(sessions)[:LOOKED_AT]
        if (folder / SESSION).is_file() and not (folder / PERFORMANCE).is_file()
    ]


def finish_apart(folders: Sequence[Path], most_bytes: int) -> None:
    """Start to finish them, and go on; nobody hears of it. OSError where it cannot be started."""
    if not folders:
        return
    command = [sys.executable, "-m", "appliance.finishing", f"--most-bytes={most_bytes}"]
    subprocess.Popen(
        [*command, *map(str, folders)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def finish_all(folders: Sequence[Path], most_bytes: int) -> list[str]:
    """A line for each that could not be finished."""
    faults: list[str] = []
    for folder in folders:
        try:
            finish_within(folder, most_bytes)
        except (ApplianceError, CorpusError, ModelError, OSError) as error:
            faults.append(f"{folder}: {error}")
    return faults


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m appliance.finishing")
    parser.add_argument("--most-bytes", type=int, default=0, metavar="N")
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    arguments = parser.parse_args(argv)
    faults = finish_all(arguments.folders, arguments.most_bytes)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)  # of this process, which does nothing else
    sys.exit(main())
