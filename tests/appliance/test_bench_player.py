"""How the bench counts; what it counts with takes real time and is run by hand."""

from collections import deque

import pytest

from appliance.bench.player import _FIRST_SEQ, Plan, _result, _Tapped, summary
from firmware.dispatch import Outcome, Report

PLAN = Plan(messages=1000, interval=0.01, repeats=1)


class Engine:
    def __init__(self, *reports: Report) -> None:
        self._reports = deque(reports)

    def reports(self) -> list[Report]:
        return [self._reports.popleft() for _ in range(len(self._reports))]


def test_what_left_counts_by_its_lateness_and_what_was_refused_does_not() -> None:
    session = Report(5, Outcome.FAILED, 0, 0)
    sent = Report(_FIRST_SEQ, Outcome.SENT, 1000, 51_000)
    refused = [Report(_FIRST_SEQ + n, Outcome.FAILED, 1000, 1000) for n in (1, 2)]
    player = _Tapped(Engine(session, sent, *refused))
    assert player.reports() == [session]
    assert player.late == [50.0]
    assert player.settled == 3


def test_messages_that_never_left_are_later_than_all_and_are_counted() -> None:
    found = summary([10.0] * 990, PLAN)
    assert found["lost"] == 10
    assert found["p50_us"] == 10
    assert found["p99_us"] == 10
    assert found["p999_us"] == found["max_us"] == PLAN.longest_us > 10_000_000
    assert found["over_1ms"] == found["over_320us"] == pytest.approx(0.01)


def test_when_all_left_nothing_is_added() -> None:
    found = summary([10.0] * 999 + [700.0], PLAN)
    assert (found["lost"], found["max_us"]) == (0, 700)
    assert found["over_320us"] == pytest.approx(0.001)


def test_losses_are_added_up_over_the_repeats() -> None:
    worst, fine = summary([10.0] * 990, PLAN), summary([10.0] * 1000, PLAN)
    figures = {condition: {"ours": [fine, worst, fine]} for condition in ("idle", "load")}
    result = _result(figures)
    assert result["load"]["ours"]["lost"] == 10
    assert result["load"]["ours"]["p999_us"] == 10
    assert result["load"]["mido"] is None
    assert result["p999_ratio_mido"] is None


def test_nothing_at_all_left() -> None:
    found = summary([], PLAN)
    assert found["lost"] == 1000
    assert found["p50_us"] == PLAN.longest_us
