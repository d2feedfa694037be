"""A process that goes first for a while, where it may."""

import os

import pytest

from firmware.scheduling import PROMPT, prompt


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
