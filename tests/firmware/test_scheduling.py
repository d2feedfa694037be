"""A process that goes first for a while, where it may; a thread that keeps to its core."""

import os
import threading
from collections.abc import Iterator

import pytest

from firmware.scheduling import PROMPT, Pin, prompt


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_it_goes_first_and_then_no_more() -> None:
    before = niceness()
    with prompt() as granted:
        assert niceness() == (min(before, PROMPT) if granted else before)
    assert niceness() == before


def test_without_permission_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(which: int, who: int, priority: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbidden)
    before = niceness()
    with prompt() as granted:
        assert not granted
        assert niceness() == before


@pytest.fixture
def cores() -> Iterator[set[int]]:
    """The cores that this thread may use, and may again after the test."""
    before = os.sched_getaffinity(0)
    yield before
    os.sched_setaffinity(0, before)


def test_a_pinned_thread_keeps_to_the_last_core(cores: set[int]) -> None:
    assert Pin().core == max(cores)
    assert os.sched_getaffinity(0) == {max(cores)}


def test_a_pinned_thread_keeps_to_the_core_it_is_given(cores: set[int]) -> None:
    assert Pin(min(cores)).core == min(cores)
    assert os.sched_getaffinity(0) == {min(cores)}


def test_what_is_started_aside_may_run_anywhere(cores: set[int]) -> None:
    pin = Pin()
    found: list[set[int]] = []

    def look() -> None:
        found.append(os.sched_getaffinity(0))

    with pin.aside():
        thread = threading.Thread(target=look)
        thread.start()
    thread.join()
    assert found == [cores]
    assert os.sched_getaffinity(0) == {pin.core}


def test_a_core_that_is_not_there_is_refused_and_changes_nothing(cores: set[int]) -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        Pin(4095)
    assert os.sched_getaffinity(0) == cores
