"""How soon a box is ready, how much memory its processes take, and how soon it is gone.

From the repository: PYTHONPATH=.:tests .venv/bin/python tests/bench/ready.py [SEGMENTS]
With SEGMENTS a made-up corpus of that size is used, else the demo corpus. JSON, a line a start.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
from support.music import seal
from support.service import Running, megabytes

from appliance.bench import decide
from appliance.demo import demo_bundle
from corpus.building.importing import TrackFacts
from corpus.keeping.library import Library
from corpus.reading.recording import FILE
from models.embedder import make_embedder

STARTS = 3
SETTLES_S = 6.0  # until its worker has imported what it needs


def large(library: Library, size: int) -> None:
    """A corpus of random phrases that says it was made by the embedder of a box."""
    place, embedder = library.place("large"), make_embedder("notes-encoder")
    decide.DIMENSION = embedder.dimension
    place.parent.mkdir(parents=True, exist_ok=True)
    decide.write_corpus(place, size, np.random.default_rng(0))
    said = json.loads((place / "manifest.json").read_text())
    tracks = Counter(np.load(place / "segments.npy")["track"].tolist())
    said["embedder"] = {
        "name": embedder.name, "sha256": embedder.sha256, "dimension": embedder.dimension,
    }  # fmt: skip
    said["tracks"] = [
        asdict(TrackFacts(name, f"{name}.mid", 120.0, FILE, 1.0, "C major", 0.5, count))
        for name, count in tracks.items()
    ]
    seal(place, said)
    library.use("large")


def measure(state: Path) -> dict[str, object]:
    with Running(state) as running:
        running.until_ready()
        (ready,) = (at for at, line in running.told if line == "READY=1")
        said = running.ask("status")
        time.sleep(SETTLES_S)
        memory = megabytes(running.family())
        return {
            "segments": said["segments"],
            "ready_s": round(ready - running.began, 2),
            "pss_mb": round(memory),
            "stop_s": round(running.stop(), 2),
        }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        library = Library(state / "corpora")
        library.folder.mkdir()
        if len(sys.argv) > 1:
            large(library, int(sys.argv[1]))
        else:
            demo_bundle()
        for _ in range(STARTS):
            print(json.dumps(measure(state)), flush=True)


if __name__ == "__main__":
    main()
