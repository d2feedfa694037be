"""What stands of what was said, in a line."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.rig import Rig

from appliance.copilot.loop import Base, Wishes
from appliance.copilot.rounds import Copilot
from appliance.copilot.shelf import Shelf
from appliance.standing import in_brief
from corpus.keeping.bundle import Bundle


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ([], ""),
        (["92 bpm"], "92"),
        (["92 bpm", "lock the tempo"], "92 locked"),
        (["lock the tempo"], "{bpm:.0f} locked"),
        (["lock the key"], "{key} locked"),
        (["92 bpm", "undo"], ""),
    ],
)
def test_it_is_said_in_brief(bundle: Bundle, said: list[str], wanted: str) -> None:
    copilot = Copilot.start(Shelf(bundle).ready(), Base(0, 0, 0), 120.0, 1)
    for text in said:
        copilot, done = copilot.say(text)
        assert done.committed, done
    key = copilot.state.table["key"].measured
    assert in_brief(copilot.state) == wanted.format(bpm=120.0, key=key)


def test_the_key_goes_first(bundle: Bundle) -> None:
    state = Copilot.start(Shelf(bundle).ready(), Base(0, 0, 0), 120.0, 1).say("92 bpm")[0].state
    wishes = Wishes("F minor", 0, (("bass", 60.4), ("", 70.0)), (("swing", 0.5, ""),), ("melody",))
    assert in_brief(replace(state, wishes=wishes)) == (
        "F minor, no melody, 92, bass 60, level 70, swing"
    )


def test_it_is_shown_from_the_loop_on_that_plays_it(bundle: Bundle, tmp_path: Path) -> None:
    rig = Rig(bundle, tmp_path)
    rig.record()
    assert rig.run(1).stands == ""
    rig.box.say(1, "lock the tempo")
    seen = rig.box.view.loop
    assert rig.run(0.1).stands == ""
    while rig.box.view.loop == seen:
        rig.run(0.1)
    assert rig.box.view.stands == "120 locked"
    assert rig.box.status()["stands"] == "120 locked"
    table = rig.box.picture()["table"]
    assert table["loop"] == rig.box.view.loop
    assert table["attributes"]["bpm"]["locked"]
    assert rig.box.picture()["table"] is table  # not measured anew
    rig.box.close()
