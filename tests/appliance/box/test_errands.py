"""Slow work that goes out and comes back as events."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.music import make_bundle, phrase, segments

from appliance.box.errands import Errands
from appliance.copilot.answers import Answer
from appliance.copilot.model import Endpoint
from appliance.copilot.situation import Situation
from appliance.events import (
    CompareSeed,
    Conduct,
    Conducted,
    EmbedPlayer,
    PlayerEmbedded,
    SeedCompared,
    SeedFound,
)
from appliance.jobs import Done, ProcessJobs
from corpus.hearing.key import Key
from corpus.keeping.bundle import Bundle


class Now:
    """Does jobs at once, and remembers them."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.closed = self.abandoned = False
        self.left: list[str] = []
        self._done: list[Done] = []

    def submit(self, tag: str, function: Callable[..., Any], *arguments: Any) -> None:
        self.asked.append((function, *arguments))
        try:
            self._done.append(Done(tag, function(*arguments)))
        except Exception as error:
            self._done.append(Done(tag, fault=str(error)))

    def finished(self) -> list[Done]:
        done, self._done = self._done, []
        return done

    def close(self, patience_s: float | None = None) -> list[str]:
        self.closed = True
        return self.left

    def abandon(self) -> None:
        self.abandoned = True


@pytest.fixture
def faults() -> list[str]:
    return []


def talk(number: int, text: str) -> Conduct:
    situation = Situation(Key(0, 0, 1.0), 120.0, 4.0, 8.0, frozenset({"bass", "chords"}))
    return Conduct(number, text, situation, {})


def test_a_seed_and_a_player_are_embedded_by_the_bundle_they_name(
    bundle: Bundle, faults: list[str]
) -> None:
    errands = Errands(Now(), faults.append)
    errands.send(CompareSeed(3, phrase(36), bundle.path, bundle.sha256))
    errands.send(EmbedPlayer(7, phrase(60), bundle.path, bundle.sha256))
    seed, player = errands.finished(11)
    assert isinstance(seed, SeedCompared)
    assert (seed.at, seed.take, seed.fault) == (11, 3, "")
    assert isinstance(seed.found, SeedFound)
    assert isinstance(player, PlayerEmbedded)
    assert (player.number, player.fault) == (7, "")
    assert player.vectors is not None
    assert errands.finished(12) == []


def test_a_bundle_that_is_gone_comes_back_as_a_fault(tmp_path: Path, faults: list[str]) -> None:
    errands = Errands(Now(), faults.append)
    errands.send(CompareSeed(3, phrase(36), tmp_path / "gone", "0" * 64))
    (event,) = errands.finished(11)
    assert isinstance(event, SeedCompared)
    assert event.found is None
    assert "gone" in event.fault
    assert faults == []


def test_what_is_said_goes_to_a_worker_of_its_own_when_it_is_first_needed(
    faults: list[str],
) -> None:
    jobs, others = Now(), list[Now]()

    def more() -> Now:
        others.append(Now())
        return others[-1]

    endpoint = Endpoint("http://127.0.0.1:1", "none", seconds=0.5)
    errands = Errands(jobs, faults.append, endpoint, more)
    assert not others
    errands.send(talk(5, "slower"))
    errands.send(talk(6, "slower"))
    assert len(others) == 1
    assert not jobs.asked
    assert others[0].asked[0][-1] == endpoint
    first, second = errands.finished(11)
    assert isinstance(first, Conducted)
    assert isinstance(second, Conducted)
    assert (first.number, second.number) == (5, 6)
    assert isinstance(first.answer, Answer)
    assert [step.task for step in first.answer.plan] == ["tempo"]
    errands.close()
    assert (jobs.closed, others[0].abandoned, others[0].closed) == (True, True, False)


def test_without_another_worker_all_is_done_by_one(faults: list[str]) -> None:
    jobs = Now()
    errands = Errands(jobs, faults.append)
    errands.send(talk(5, "slower"))
    assert len(jobs.asked) == 1
    assert jobs.asked[0][-1] is None
    (event,) = errands.finished(0)
    assert isinstance(event, Conducted)
    assert event.fault == ""


def test_a_folder_that_cannot_be_finished_is_told_of(faults: list[str]) -> None:
    def fail(folder: Path) -> None:
        raise OSError("the disk is full")

    errands = Errands(Now(), faults.append)
    errands.finish(fail, Path("take"))
    assert errands.finished(0) == []
    assert faults == ["session folder: the disk is full"]


def test_folders_that_are_not_finished_in_time_are_given_back(faults: list[str]) -> None:
    jobs = Now()
    errands = Errands(jobs, faults.append)
    errands.finish(lambda folder: None, Path("monday"))
    errands.finished(0)
    errands.finish(lambda folder: None, Path("tuesday"))
    errands.finish(lambda folder: None, Path("wednesday"))
    jobs.left = ["seed 4", "folder 3"]
    assert errands.close(0.1) == [Path("wednesday")]


def test_a_bundle_is_what_it_was_though_another_took_its_place(
    tmp_path: Path, faults: list[str]
) -> None:
    """The rows of the one mean nothing in the other."""
    jobs, bundle = Now(), make_bundle(tmp_path / "corpus")
    errands = Errands(jobs, faults.append)
    errands.hold(bundle)
    other = make_bundle(tmp_path / "corpus", segments()[:5])
    assert other.sha256 != bundle.sha256
    for number, one in enumerate((bundle, other)):
        errands.send(CompareSeed(number, phrase(36), one.path, one.sha256))
    errands.send(CompareSeed(2, phrase(36), bundle.path, "0" * 64))
    first, second, third = (e for e in errands.finished(0) if isinstance(e, SeedCompared))
    assert first.found is not None
    assert max(first.found.nearest["segment"]) >= len(other)
    assert second.found is not None
    assert max(second.found.nearest["segment"]) < len(other)
    assert third.found is None
    assert "another corpus of that name" in third.fault
    errands.send(EmbedPlayer(3, phrase(60), bundle.path, "0" * 64))
    (event,) = errands.finished(0)
    assert isinstance(event, PlayerEmbedded)
    assert "another corpus of that name" in event.fault
    assert faults == []


def test_a_worker_is_waited_for_so_long_and_no_longer() -> None:
    jobs = ProcessJobs()
    jobs.submit("quick", abs, -1)
    assert jobs.close(60) == []
    jobs = ProcessJobs()
    jobs.submit("long", time.sleep, 600)
    began = time.monotonic()
    assert jobs.close(0.05) == ["long"]
    assert time.monotonic() - began < 60


def test_a_worker_that_is_abandoned_ends_at_once() -> None:
    jobs = ProcessJobs()
    jobs.submit("first", abs, -1)
    deadline = time.monotonic() + 30
    while not jobs.finished():
        assert time.monotonic() < deadline
    jobs.submit("long", time.sleep, 60)
    began = time.monotonic()
    jobs.abandon()
    assert time.monotonic() - began < 30
    assert jobs.finished() == []


def test_a_worker_can_be_abandoned_before_it_has_begun() -> None:
    jobs = ProcessJobs()
    jobs.abandon()
    assert jobs.finished() == []
