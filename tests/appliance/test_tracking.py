from pathlib import Path

import numpy as np
import pytest

from appliance.events import EmbedPlayer, PlayerEmbedded
from appliance.jobs import embed_player
from appliance.listener import WINDOW, Listener
from appliance.tracking import FIRST, Tracker
from corpus.errors import BundleError
from corpus.keeping.bundle import Bundle
from corpus.neighbours import in_twelve_keys
from models.embedder import make_embedder

VECTORS = np.eye(12, dtype=np.float32)


def played(listener: Listener, begin: float, end: float) -> None:
    for beat in np.arange(begin, end, 0.5):
        listener.hear(float(beat), bytes((0x90, 60, 80)))
        listener.hear(float(beat) + 0.25, bytes((0x80, 60, 0)))


def ask(tracker: Tracker, beat: float) -> list[int]:
    found = []
    for effect in tracker.ask(beat, 120.0, 4.0, Path("corpus"), "0" * 64):
        assert isinstance(effect, EmbedPlayer)
        found.append(effect.number)
    return found


@pytest.fixture
def listener() -> Listener:
    listener = Listener()
    played(listener, 0.0, 200.0)
    return listener


def test_one_window_at_a_time(listener: Listener) -> None:
    tracker = Tracker(listener, wanted=True)
    assert ask(tracker, FIRST - 0.1) == []
    (number,) = ask(tracker, FIRST)
    assert ask(tracker, FIRST + WINDOW) == []  # still waiting
    assert tracker.answered(PlayerEmbedded(0, number, VECTORS)) == ""
    assert ask(tracker, FIRST + WINDOW) == [number]


def test_after_a_stall_it_does_not_catch_up(listener: Listener) -> None:
    tracker = Tracker(listener, wanted=True)
    (number,) = ask(tracker, FIRST + 5.5 * WINDOW)
    tracker.answered(PlayerEmbedded(0, number, VECTORS))
    assert ask(tracker, FIRST + 5.6 * WINDOW) == []
    assert ask(tracker, FIRST + 6 * WINDOW) == [number]


def test_two_answers_make_a_movement() -> None:
    listener = Listener()
    tracker = Tracker(listener, wanted=True)
    for turn in range(2):
        beat = FIRST + turn * WINDOW
        played(listener, beat - WINDOW, beat)
        (number,) = ask(tracker, beat)
        assert listener.at(beat).moved is None
        tracker.answered(PlayerEmbedded(0, number, (turn + 1) * VECTORS))
    moved = listener.at(FIRST + WINDOW).moved
    assert moved is not None
    assert (moved.now == 2 * moved.before).all()


def test_a_window_without_notes_breaks_the_chain() -> None:
    listener = Listener()
    tracker = Tracker(listener, wanted=True)
    played(listener, 4.0, 12.0)
    (number,) = ask(tracker, 12.0)
    tracker.answered(PlayerEmbedded(0, number, VECTORS))
    assert ask(tracker, 20.0) == []
    played(listener, 20.0, 28.0)
    (number,) = ask(tracker, 28.0)
    tracker.answered(PlayerEmbedded(0, number, VECTORS))
    assert listener.at(28.0).moved is None


def test_who_does_not_want_it_never_asks(listener: Listener) -> None:
    assert ask(Tracker(listener, wanted=False), 100.0) == []


def test_answers_nobody_waits_for_are_let_be(listener: Listener) -> None:
    tracker = Tracker(listener, wanted=True)
    assert tracker.answered(PlayerEmbedded(0, 1, None, "nothing was asked")) == ""
    (number,) = ask(tracker, FIRST)
    tracker.begin(50.0)
    assert tracker.answered(PlayerEmbedded(0, number, None, "of another take")) == ""
    assert ask(tracker, 50.0 + FIRST) == [number + 1]


def test_a_fault_ends_it_until_the_next_take(listener: Listener) -> None:
    tracker = Tracker(listener, wanted=True)
    (number,) = ask(tracker, FIRST)
    assert tracker.answered(PlayerEmbedded(0, number, None, "no model")) == "no model"
    assert tracker.answered(PlayerEmbedded(0, number, None, "no model")) == ""
    assert ask(tracker, FIRST + 4 * WINDOW) == []
    tracker.begin(100.0)
    assert len(ask(tracker, 100.0 + FIRST)) == 1


def test_the_job_embeds_by_the_bundles_own_embedder(bundle: Bundle) -> None:
    source = bundle.phrase(3)
    expected = in_twelve_keys(make_embedder(bundle.embedder), source)
    assert (embed_player(bundle.path, source) == expected).all()
    with pytest.raises(BundleError):
        embed_player(bundle.path / "nowhere", source)
