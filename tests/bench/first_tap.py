"""How long the second tap takes until the loop's notes are on their way, in the first take of a
process: with a rehearsal before it, and without.

From the repository: PYTHONPATH=.:tests .venv/bin/python tests/bench/first_tap.py
A process for each take, the two kinds in turn. JSON: milliseconds, and their ratio.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from appliance.demo import demo_bundle
from appliance.events import MidiIn, Tap
from appliance.policies import Groove, Policy
from appliance.rehearsing import rehearsed
from appliance.session import Session, Settings
from corpus.keeping.bundle import Bundle

TIMES = 7
SECOND_NS = 1_000_000_000


def cold(settings: Settings, bundle: Bundle, make_policy: Callable[[], Policy]) -> Session:
    """As `rehearsed`, without."""
    return Session(settings, bundle, make_policy())


def first_tap(warm: bool) -> float:
    """Milliseconds, of a seed of 32 notes in 8 s."""
    bundle = demo_bundle()
    make = rehearsed if warm else cold
    session = make(Settings(), bundle, Groove)
    session.step(Tap(0))
    for number in range(32):
        at, pitch = number * SECOND_NS // 4, 36 + number % 8
        session.step(MidiIn(at + 1, bytes((0x90, pitch, 70))))
        session.step(MidiIn(at + SECOND_NS // 5, bytes((0x80, pitch, 64))))
    began = time.perf_counter()
    session.step(Tap(8 * SECOND_NS))
    return (time.perf_counter() - began) * 1e3


def main() -> None:
    if len(sys.argv) > 1:
        print(first_tap(sys.argv[1] == "rehearsed"))
        return
    found: dict[str, list[float]] = {"cold": [], "rehearsed": []}
    for _ in range(TIMES):
        for kind, times in found.items():
            times.append(float(subprocess.check_output([sys.executable, __file__, kind])))
    middle = {kind: round(statistics.median(times), 2) for kind, times in found.items()}
    print(json.dumps(middle | {"ratio": round(middle["cold"] / middle["rehearsed"], 1)}))


if __name__ == "__main__":
    main()
