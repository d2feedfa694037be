from itertools import count
from pathlib import Path

import pytest

from appliance.bench.reading import reading_speed

DEMO = Path(__file__).resolve().parents[2] / "corpus" / "demo"


def test_speeds_are_files_by_seconds_of_the_clock() -> None:
    ticks = count()  # a second passes whenever somebody looks
    speed = reading_speed(sorted(DEMO.glob("*.mid"))[:2], 3.0, lambda: float(next(ticks)))
    assert speed == {
        "ours_files_per_s": 50.0,
        "pretty_midi_files_per_s": 1.0,
        "ratio": pytest.approx(50.0),
    }
