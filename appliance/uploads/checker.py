"""`python -m appliance.uploads.checker BUNDLE`: whether all of a bundle is sound, in a process of
its own: one line of JSON on standard output, {"sound": SHA-256, "path": BUNDLE} or {"fault": WHY}.
With --demo in place of the bundle it is the demo corpus, which is built if need be.
"""

import json
import sys
from pathlib import Path

from appliance.uploads.manners import step_back
from corpus.errors import CorpusError
from corpus.keeping.bundle import embedder_of, open_bundle
from models.errors import ModelError

DEMO = "--demo"


def look(place: str) -> dict[str, str]:
    """Every byte, every value, and whether the embedder that made it is here."""
    try:
        path = _demo() if place == DEMO else Path(place)
        bundle = open_bundle(path, verify=True)
        embedder_of(bundle)
    except (CorpusError, ModelError, OSError) as error:
        return {"fault": " ".join(str(error).split())}
    return {"sound": bundle.sha256, "path": str(path)}


def _demo() -> Path:
    from appliance.demo import demo_bundle  # here, since it brings all that builds a corpus

    return demo_bundle().path


def main() -> int:
    step_back()
    print(json.dumps(look(sys.argv[1])), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
