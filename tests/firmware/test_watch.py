"""Seeing that a port goes and comes."""

import pytest

from firmware import watch
from firmware.ports import PortLister
from firmware.watch import PortWatch, Watched


def test_a_port_is_lost_when_its_own_name_goes_and_found_by_pattern() -> None:
    port = Watched("disk*", "Disklavier 1")
    assert port.look(["Through", "Disklavier 1", "Disklavier 2"])
    # Another one that answers is taken up, but not before the loss was told.
    assert not port.look(["Through", "Disklavier 2"])
    assert port.look(["Through", "Disklavier 2"])
    assert port.name == "Disklavier 2"
    assert not port.look(["Through"])
    assert not port.look(["Through"])
    assert port.look(["Disklavier 3"])


@pytest.mark.parametrize(("first", "found"), [("SmartLooper:out", True), (None, False)])
def test_a_port_of_our_own_is_taken_only_where_it_was_before(first: str | None, found) -> None:
    port = Watched("", first)
    port.look([])
    assert port.look(["SmartLooper:out"]) is found


def test_what_is_seen_is_told_until_the_end(monkeypatch, wait) -> None:
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.001)
    there = ["piano 1"]
    monkeypatch.setattr(PortLister, "names", lambda _self: list(there))
    told: list[tuple[str, bool]] = []
    looked: list[int] = []

    def tell(direction: str, seen: bool, ns: int) -> None:
        looked.append(ns)
        if told[-1:] != [(direction, seen)]:
            told.append((direction, seen))

    looking = PortWatch({"output": Watched("piano", "piano 1")}, tell)
    assert told == [("output", True)]
    there.clear()
    wait(lambda: len(told) == 2, "the loss")
    there.append("piano 2")
    wait(lambda: len(told) == 3, "the return")
    looking.close()
    assert told == [("output", True), ("output", False), ("output", True)]
    assert looked == sorted(looked)
    ended = len(looked)
    looking.close()
    assert len(looked) == ended


def test_a_driver_in_trouble_counts_as_no_port(monkeypatch, wait) -> None:
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.001)

    def fail(_self: PortLister) -> list[str]:
        raise RuntimeError("no")

    monkeypatch.setattr(PortLister, "names", fail)
    told: list[bool] = []
    looking = PortWatch({"input": Watched("piano", None)}, lambda _d, seen, _ns: told.append(seen))
    wait(lambda: len(told) > 3, "some looks")
    looking.close()
    assert set(told) == {False}


def test_a_lister_sees_ports_come_and_go(jack, unique, wait) -> None:
    from support.jack import Ear

    name = unique("seen")
    lister = PortLister("output")
    try:
        assert not any(name in found for found in lister.names())
        ear = Ear(name)
        wait(lambda: any(name in found for found in lister.names()), "the port")
        ear.close()
        wait(lambda: not any(name in found for found in lister.names()), "its end")
    finally:
        lister.close()
        lister.close()


@pytest.mark.usefixtures("no_midi")
def test_a_lister_without_a_driver_sees_nothing() -> None:
    lister = PortLister("input")
    assert lister.names() == lister.names() == []
    lister.close()
