"""A foot on the switch of a whole box, on the simulated clock."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.rig import MS, SECOND, Rig

from appliance.box import Hardware
from appliance.footswitch import Footswitch, read_table
from corpus.keeping.bundle import Bundle
from firmware.gestures import Timing
from firmware.midi_pedal import Trigger
from firmware.switch import ScriptedSwitch
from firmware.switches import SwitchSettings, open_switches

Make = Callable[..., Rig]


@pytest.fixture
def make(bundle: Bundle, tmp_path: Path) -> Make:
    def made(lock: bool = False, **more: object) -> Rig:
        return Rig(bundle, tmp_path, footswitch=Footswitch(lock=lock), **more)

    return made


def play_a_loop(rig: Rig) -> None:
    rig.tap()
    rig.play()
    rig.run(3.89)
    rig.tap()
    rig.run(0.5)  # or the next press would make it a double tap


def events(rig: Rig) -> list[dict[str, object]]:
    assert rig.box.folder is not None
    rig.box.close()
    lines = (rig.box.folder / "events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_two_taps_make_a_loop_of_the_time_between_the_presses(make: Make) -> None:
    rig = make()
    rig.press()
    rig.run(0.05)
    assert rig.state == "recording", "at the press, whatever may follow"
    rig.release()
    rig.play()
    rig.run(3.95)
    rig.press()
    rig.run(0.01)
    assert rig.state == "warmup"
    (loop,) = (line for line in events(rig) if line.get("event") == "loop")
    assert loop["t"] == pytest.approx(4.0, abs=1e-6)


def test_a_tap_while_it_plays_holds_and_another_goes_on(make: Make) -> None:
    rig = make()
    play_a_loop(rig)
    rig.tap()
    assert not rig.box.view.pending, "it may become a double tap yet"
    assert rig.run(0.5).pending == "HOLD"
    view = rig.tap()
    assert (view.pending, view.hold) == ("", False), "what is pending is cancelled at the press"


def test_a_double_tap_goes_back_and_never_holds(make: Make) -> None:
    rig = make()
    play_a_loop(rig)
    rig.run(15)
    assert rig.state == "groove"
    rig.double()
    assert rig.run(0.01).pending == "BACK"
    moves = [line["move"] for line in events(rig) if line.get("event") == "move"]
    assert moves == ["back"]


def test_a_hold_ends_when_the_foot_rises_and_never_taps(make: Make) -> None:
    rig = make()
    play_a_loop(rig)
    rig.press()
    rig.run(1.5)
    assert rig.state != "ending", "it may become silence yet"
    rig.release()
    rig.run(0.01)
    assert rig.state == "ending"
    rig.run(0.1)
    moves = [line["move"] for line in events(rig) if line.get("event") == "move"]
    assert moves == ["end"]


@pytest.mark.parametrize("in_the_way", ["nothing", "a move", "an ending"])
def test_three_seconds_of_foot_are_silence_whatever_goes_on(make: Make, in_the_way: str) -> None:
    rig = make()
    play_a_loop(rig)
    rig.run(3.5)  # a loop has begun, of four seconds
    if in_the_way == "a move":
        rig.box.command("next")
    if in_the_way == "an ending":
        rig.box.command("end")
    rig.run(0.05)
    pressed = rig.now
    rig.press()
    rig.run(2.9)
    assert rig.state != "idle"
    rig.run(0.15)
    assert rig.state == "idle"
    assert not rig.engine.sounding
    assert rig.now - pressed < 3.1 * SECOND, "the box woke for it, with no edge and no tick to help"


def sounding(rig: Rig) -> set[int]:
    """The keys that are down, going by what left."""
    down: set[int] = set()
    for _, data in rig.wire:
        if data[0] == 0x90:
            down.add(data[1])
        elif data[0] == 0x80:
            down.discard(data[1])
    return down


@pytest.mark.parametrize("seconds", [0.001, 0.03, 0.5, 0.999, 1.0, 1.01, 1.03, 2.0])
def test_a_stop_in_the_middle_of_a_press_leaves_no_key_down(make: Make, seconds: float) -> None:
    """The press loops what was recorded, and after a second is withdrawn, being a hold."""
    rig = make()
    rig.listen()
    rig.tap()
    rig.play()
    rig.run(3.9)
    rig.press()
    rig.run(seconds)
    rig.box.close()
    assert sounding(rig) == set()


@pytest.mark.parametrize(("seconds", "state"), [(3.2, "idle"), (1.5, "ending"), (0.1, "warmup")])
def test_a_box_that_was_busy_takes_the_foot_by_its_own_times(
    make: Make, seconds: float, state: str
) -> None:
    """Four seconds without a turn: the press and the release are heard of together."""
    rig = make()
    play_a_loop(rig)
    switch, clock = rig.hardware.switch, rig.hardware.clock
    assert isinstance(switch, ScriptedSwitch)
    start = rig.now
    switch.push(start + 100 * MS, True)
    switch.push(start + 100 * MS + round(seconds * SECOND), False)
    clock.wait_until(start + 4 * SECOND)
    rig.engine.advance(rig.now)
    rig.box.turn()
    assert rig.state == state
    assert (rig.box.view.pending == "HOLD") is (state == "warmup")


def test_the_box_wakes_when_a_gesture_is_due_and_not_a_tick_later(make: Make) -> None:
    rig = make()
    play_a_loop(rig)
    rig.press()
    rig.box.turn()
    due = rig.now + 3 * SECOND
    while rig.now < due:
        assert rig.state != "idle"
        rig.box.wait()
        rig.box.turn()
    assert (rig.now, rig.state) == (due, "idle")


def test_a_double_tap_while_idle_takes_what_was_just_played(make: Make) -> None:
    rig = make()
    rig.play()
    rig.run(4.05)
    rig.double()
    assert rig.state == "warmup"
    assert [line["event"] for line in events(rig) if "event" in line].count("loop") == 1


def test_a_double_tap_while_recording_starts_over(make: Make) -> None:
    rig = make()
    rig.tap()
    rig.play(48)
    rig.run(5)
    rig.double()
    assert rig.state == "recording", "the loop that the first tap began has never been"
    rig.play(36)
    rig.run(4.1)
    rig.tap()
    assert rig.state == "warmup"
    midi = [bytes.fromhex(str(one["midi"])) for one in events(rig) if one.get("who") == "player"]
    keys = [data[1] for data in midi if data[0] == 0x90]
    assert len(keys) == 16
    assert max(keys) < 48, "of what was played before, nothing is kept"


def test_a_hold_while_recording_discards(make: Make, tmp_path: Path) -> None:
    rig = make()
    rig.tap()
    rig.play()
    rig.run(3)
    view = rig.hold(1.2)
    assert (view.state, view.notice) == ("idle", "DISCARDED")
    assert not (tmp_path / "take").exists()


def test_the_last_seed_comes_again_after_a_hold(make: Make) -> None:
    rig = make()
    play_a_loop(rig)
    rig.hold(3.1)
    assert rig.state == "idle"
    rig.hold(1.2)
    assert rig.state == "warmup"


def test_a_long_hold_while_idle_shuts_down(make: Make) -> None:
    rig = make()
    assert (rig.box.power_off, rig.box.told_to_stop) == (False, False)
    view = rig.hold(3.1)
    assert (rig.box.power_off, rig.box.told_to_stop) == (True, True)
    assert view.farewell == "stopping"
    rig.box.close()
    assert rig.box.view.farewell == "unplug"


def test_a_locked_hold_asks_and_a_tap_confirms(make: Make) -> None:
    rig = make(lock=True)
    play_a_loop(rig)
    view = rig.hold(1.2)
    assert (view.state, view.confirm) == ("warmup", "ending")
    rig.run(1)
    view = rig.tap()
    assert (view.state, view.confirm) == ("ending", "")


def test_a_locked_hold_that_nobody_confirms_is_forgotten(make: Make) -> None:
    rig = make(lock=True)
    play_a_loop(rig)
    rig.hold(1.2)
    assert rig.run(5.1).confirm == ""
    rig.tap()
    assert rig.run(0.5).pending == "HOLD", "a tap is a tap again"


def test_timing_and_table_are_as_told(bundle: Bundle, tmp_path: Path) -> None:
    timing = Timing(double=200 * MS, hold=400 * MS, long_hold=900 * MS)
    table = read_table({"loop": {"hold1": "coda"}})
    rig = Rig(bundle, tmp_path, footswitch=Footswitch(table), timing=timing)
    play_a_loop(rig)
    assert rig.hold(0.5).state == "ending"
    moves = [line["move"] for line in events(rig) if line.get("event") == "move"]
    assert moves == ["coda"]


def test_without_a_footswitch_a_press_is_a_tap(bundle: Bundle, tmp_path: Path) -> None:
    rig = Rig(bundle, tmp_path)
    rig.press()
    rig.run(0.01)
    rig.release()
    rig.press()
    assert rig.run(0.01).notice == "TOO SHORT", "two presses, two taps"


# -- the pedal of the piano -----------------------------------------------------------------------


LEFT_PEDAL = Trigger()


def with_pedal(bundle: Bundle, folder: Path, trigger: Trigger = LEFT_PEDAL) -> Rig:
    """CC67 of the piano is the footswitch."""
    hardware = Hardware.simulated(folder / "oled.gif")
    settings = SwitchSettings(trigger=trigger, debounce_ms=0)
    hardware.switch = open_switches(settings, [ScriptedSwitch()], hardware.clock.now)
    return Rig(bundle, folder, hardware, footswitch=Footswitch())


def pedal(rig: Rig, down: bool, control: int = 67) -> None:
    rig.engine.push(rig.now, bytes((0xB0, control, 127 if down else 0)))
    rig.run(0.01)


def test_the_left_pedal_of_the_piano_is_a_footswitch_and_no_music(
    bundle: Bundle, tmp_path: Path
) -> None:
    rig = with_pedal(bundle, tmp_path)
    pedal(rig, True)
    assert rig.state == "recording"
    pedal(rig, False)
    pedal(rig, True, 64)
    rig.play()
    rig.run(3.98)
    pedal(rig, True)
    assert rig.state == "warmup"
    heard = {str(line["midi"])[:4] for line in events(rig) if line.get("who") == "player"}
    assert "b040" in heard
    assert "b043" not in heard


@pytest.mark.parametrize(("trigger", "moves"), [(LEFT_PEDAL, False), (Trigger("note", 12), True)])
def test_the_loop_does_not_move_the_pedal_that_is_the_footswitch(
    bundle: Bundle, tmp_path: Path, trigger: Trigger, moves: bool
) -> None:
    rig = with_pedal(bundle, tmp_path, trigger)
    rig.listen()
    rig.box.tap(rig.now)
    rig.play()
    hands = rig.hardware.keyboard
    assert hands is not None
    # Not the footswitch's own, so that a pedal is in the seed, as it may be in a corpus.
    for at, control, value in ((1, 67, 90), (2, 67, 0), (3, 64, 80), (3.5, 64, 0)):
        data = bytes((0xB0, control, value))
        hands.play([(rig.now + round(at * SECOND), data)])
    rig.run(4)
    rig.box.tap(rig.now)
    rig.run(7)
    sent = {data[1] for _, data in rig.wire if data[0] == 0xB0 and data[2]}
    assert 64 in sent
    assert (67 in sent) is moves
    assert not any(line.get("omitted") for line in events(rig))


# -- somebody who asks ----------------------------------------------------------------------------


class Asking:
    """Corpora that want a yes."""

    importing, progress, notice, asking = "", 0.0, "", "play evening"

    def __init__(self) -> None:
        self.answers: list[bool] = []

    def answer(self, yes: bool) -> None:
        self.answers.append(yes)
        self.asking = ""

    def turn(self, now: int, idle: bool) -> list[object]:
        return []

    def fileno(self) -> None:
        return None

    def close(self) -> None:
        pass


def test_a_tap_is_a_yes_while_a_corpus_asks(make: Make) -> None:
    rig = make(corpora=(corpora := Asking()))
    assert rig.run(0.05).confirm == "play evening"
    rig.tap()
    assert rig.run(0.5).state == "idle"
    assert corpora.answers == [True]
    assert rig.tap().state == "recording"


def test_any_other_gesture_is_a_no_and_means_what_it_always_does(make: Make) -> None:
    rig = make(corpora=(corpora := Asking()))
    rig.play()
    rig.run(4.05)
    rig.double()
    assert corpora.answers == [False]
    assert rig.state == "warmup"


def test_nobody_asks_while_the_music_plays(make: Make) -> None:
    corpora = Asking()
    corpora.asking = ""
    rig = make(corpora=corpora)
    play_a_loop(rig)
    corpora.asking = "play evening"
    assert rig.run(0.1).confirm == ""
    rig.tap()
    assert rig.run(0.5).pending == "HOLD"
    assert corpora.answers == []


def test_without_a_footswitch_a_press_is_the_yes(bundle: Bundle, tmp_path: Path) -> None:
    rig = Rig(bundle, tmp_path, corpora=(corpora := Asking()))
    assert rig.tap().state == "idle"
    assert corpora.answers == [True]
    assert rig.tap().state == "recording"
