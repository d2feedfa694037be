"""What can change while the box runs, and what has to wait."""

from dataclasses import replace

import pytest

from appliance.config import Config, names, parse
from appliance.reloading import LIVE, changed, is_live, taken_over

OTHER = parse(
    "tempo = 90\ncorpus = 'mine'\npower_off = ''\nrng = 3\n"
    "[policy]\nadventure = 0.9\n"
    "[midi]\noutput = 'Clavinova'\nsecond_channel = 4\n"
    "[player]\npriority = 70\n"
    "[warmup]\nloops = 2\n"
    "[dynamics]\nfollow = 1.0\n"
    "[footswitch]\nlock = true\nhold_s = 0.8\nsources = ['usb']\n"
    "[footswitch.idle]\ntap = ''\n"
    "[uploads]\nswitch = 'ask'\nquiet_s = 3\n"
    "[sessions]\nquota_mb = 1\n"
    "[screen]\nrotate = 2\n"
)


def test_nothing_changed_in_the_same_configuration() -> None:
    assert changed(Config(), parse("")) == []
    assert taken_over(Config(), Config()) == Config()


def test_every_change_is_named() -> None:
    assert set(changed(Config(), OTHER)) == {
        "corpus", "tempo", "rng", "power_off", "policy.options", "midi.output",
        "midi.second_channel", "player.priority", "warmup.loops", "dynamics.follow",
        "footswitch.sources", "footswitch.lock", "footswitch.hold_s", "footswitch.table",
        "screen.rotate", "uploads.quiet_s", "uploads.switch", "sessions.quota_mb",
    }  # fmt: skip


def test_only_what_is_safe_is_taken_over() -> None:
    merged = taken_over(Config(), OTHER)
    left = changed(merged, OTHER)
    assert set(left) == {
        "corpus", "midi.output", "player.priority", "footswitch.sources", "screen.rotate",
        "uploads.quiet_s",
    }  # fmt: skip
    assert not any(map(is_live, left))
    assert merged.policy.options == {"adventure": 0.9}
    assert merged.footswitch.hold_s == 0.8


def test_to_take_over_again_changes_nothing_more() -> None:
    once = taken_over(Config(), OTHER)
    assert taken_over(once, OTHER) == once
    assert taken_over(once, Config()) == Config()


@pytest.mark.parametrize("name", LIVE)
def test_what_is_said_to_be_safe_is_a_key_or_a_table(name: str) -> None:
    known = [*names(), "policy.options", "footswitch.table"]
    assert any(one == name or one.startswith(f"{name}.") for one in known)


def test_what_is_open_is_not_safe() -> None:
    for name in ("state", "control.socket", "midi.input", "player.cpu", "uploads.inbox"):
        assert not is_live(name)
    assert not is_live("temp")
    assert replace(Config(), corpus="x") != Config()
