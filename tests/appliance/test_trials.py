"""Trials that crash, end their process, hang or warn are counted, and the next one goes on."""

import os
import signal
import time
import warnings

import numpy as np
import pytest

from appliance.bench.fuzz.trials import Tally, UnclearError, clear_line, expect, run_trials

PLENTY = 60.0  # s


def mishaps(number: int) -> str:
    match number:
        case 1:
            raise ValueError("no way to end")
        case 2:
            os.kill(os.getpid(), signal.SIGKILL)
        case 3:
            np.zeros(1 << 30, np.uint8)[::4096] = 1
        case 4:
            warnings.warn("a second line", stacklevel=1)
    return "done" if number % 2 else "refused"


def forever(number: int) -> str:
    while True:
        time.sleep(PLENTY)


def test_whatever_a_trial_does_the_next_one_goes_on() -> None:
    tally = run_trials(mishaps, 8, PLENTY, memory=1 << 28)
    assert tally.ways == {"done": 2, "refused": 2}
    assert (tally.crashes, tally.hangs) == (4, 0)
    assert [fault.split(":")[0] for fault in tally.faults] == [f"trial {n}" for n in (1, 2, 3, 4)]
    assert "no way to end" in tally.faults[0]
    assert str(-signal.SIGKILL) in tally.faults[1]
    assert "Unable to allocate" in tally.faults[2]
    assert "a second line" in tally.faults[3]


def test_no_answer_is_a_hang() -> None:
    tally = run_trials(forever, 2, hang_s=0.05)
    assert (tally.crashes, tally.hangs, len(tally.faults)) == (0, 2, 2)


def test_only_the_first_faults_are_told() -> None:
    tally = Tally(crashes=9, faults=[str(n) for n in range(9)], slowest_s=0.12345, peak_mb=70.4)
    figures = tally.figures()
    assert (figures["faults"], figures["crashes"]) == (["0", "1", "2", "3", "4"], 9)
    assert (figures["slowest_s"], figures["peak_mb"]) == (0.123, 70)


@pytest.mark.parametrize("text", ["", "a\nb", "x" * 1000, "other: no"])
def test_what_is_no_clear_line(text: str) -> None:
    with pytest.raises(UnclearError, match="not one clear line"):
        clear_line(text, "x")


def test_a_clear_line_and_what_was_expected() -> None:
    assert clear_line("file: not there", "file: ") == "file: not there"
    expect(True, "fine")
    with pytest.raises(UnclearError, match="torn"):
        expect(False, "torn")
