"""The warning that comes with a fault and goes by itself."""

import pytest

from firmware.punctuality import AMISS, SHOWN_NS, Punctuality


def test_nothing_wrong_is_no_warning() -> None:
    watch = Punctuality()
    assert not watch.look(0, dict.fromkeys(AMISS, 0) | {"yielded": 5})
    assert not watch.look(SHOWN_NS, {"yielded": 9, "echoed": 3})


@pytest.mark.parametrize("name", AMISS)
def test_each_fault_is_shown_for_a_while(name: str) -> None:
    watch = Punctuality()
    watch.look(0, {name: 0})
    assert watch.look(100, {name: 1})
    assert watch.look(99 + SHOWN_NS, {name: 1})
    assert not watch.look(100 + SHOWN_NS, {name: 1})


def test_another_fault_shows_it_anew() -> None:
    watch = Punctuality()
    watch.look(0, {"stale": 1})
    assert watch.look(SHOWN_NS + 5, {"stale": 2})
