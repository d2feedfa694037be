"""How late the messages of a take leave, before an upload is imported beside it, and after.

From the repository: PYTHONPATH=.:tests:tests/bench .venv/bin/python tests/bench/uploading.py FOLDER
FOLDER has MIDI files; the first 150 are uploaded while the box plays. JSON, two lines.
"""

import json
import shutil
import sys
import time
from pathlib import Path

from growth import on_stage, play, press
from support.jack import Hands
from support.service import Running

FILES = 150
BEFORE_S, PATIENCE_S = 20.0, 300.0


def upload(files: list[Path], inbox: Path) -> Path:
    """As one folder that is there at once; gives where its report will be."""
    folder = inbox.parent / "upload"
    folder.mkdir()
    for path in files:
        shutil.copy(path, folder)
    shutil.move(str(folder), inbox / "recordings")
    return inbox / "recordings/REPORT.txt"


def run(files: list[Path], box: Running, hands: Hands) -> None:
    press(hands)
    play(hands)
    press(hands)
    time.sleep(BEFORE_S)
    print(json.dumps({"before": box.ask("status")["lateness_us"]}), flush=True)
    report, began = upload(files, box.state / "inbox"), time.monotonic()
    while not report.exists() and time.monotonic() < began + PATIENCE_S:
        play(hands, 4.0)
    line = {"files": len(files), "import_s": round(time.monotonic() - began)}
    print(json.dumps(line | {"after": box.ask("status")["lateness_us"]}))


def main() -> None:
    files = sorted(Path(sys.argv[1]).glob("*.mid"))[:FILES]
    with on_stage("[uploads]\nquiet_s = 1.0\n") as (box, hands, _):
        run(files, box, hands)


if __name__ == "__main__":
    main()
