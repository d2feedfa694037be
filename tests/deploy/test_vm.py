"""The virtual box's own parts, without a machine."""

import json
import random
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest
from PIL import Image

from appliance.events import View
from deploy.vm import __main__ as vm
from deploy.vm import acceptance, bare, base, cuts, guest, piano, places, screen, surviving
from deploy.vm.machine import WITH_US, Disk

REPOSITORY = Path(__file__).resolve().parents[2]
PIANIST = REPOSITORY / "deploy/vm/inside/pianist"
LADDER = [midi for _, midi in piano.score(piano.ladder(0.8, 5.0), [], 6.0)["notes"]]


class OldDisplay:
    """A display's memory as its data sheet has it, written the other way round than it is read."""

    def __init__(self) -> None:
        self.memory = bytearray(1024)

    def draw(self, image: Image.Image) -> None:
        for y in range(64):
            for x in range(128):
                if image.getpixel((x, y)):
                    self.memory[(y // 8) * 128 + x] |= 1 << (y % 8)


@pytest.mark.parametrize("view", [View(), View(state="recording", seconds=7.0)])
def test_a_picture_comes_back_from_the_displays_memory(view: View) -> None:
    display = OldDisplay()
    display.draw(screen.expected(view))
    assert screen.same(screen.decode(bytes(display.memory)), screen.expected(view))


def test_one_wrong_pixel_is_another_picture() -> None:
    display = OldDisplay()
    display.draw(screen.expected(View()))
    display.memory[700] ^= 0x10
    assert not screen.same(screen.decode(bytes(display.memory)), screen.expected(View()))


def test_a_plan_is_in_the_order_of_time() -> None:
    notes = [piano.Note(1.0, 2.0, 60, 70), piano.Note(0.5, 1.5, 62, 80)]
    plan = piano.score(notes, piano.taps(0.1), 3.0)
    assert plan["notes"] == [
        (0.5, "903e50"), (1.0, "903c46"), (1.5, "803e40"), (2.0, "803c40"),
    ]  # fmt: skip
    assert plan["foot"] == [(0.1, True), (0.1 + piano.PRESS_S, False)]


def performance(*heard: tuple[float, int, int, int]) -> piano.Performance:
    return piano.Performance(tuple(piano.Heard(*one) for one in heard), 0.0)


def test_keys_that_hang_are_named() -> None:
    heard = [(0, 0x90, 60, 70), (1, 0x90, 62, 70), (2, 0x80, 60, 0), (3, 0x90, 62, 0)]
    assert performance(*heard).hanging() == []
    assert performance(*heard[:3]).hanging() == ["key 62"]
    assert performance(*heard, (4, 0x90, 62, 1)).hanging() == ["key 62"]
    assert performance(*heard[2:]).hanging() == []  # struck before it was listened to


def test_pedals_that_hang_are_named() -> None:
    heard = [(0, 0xB0, 64, 127), (1, 0xB0, 66, 10), (2, 0xB0, 7, 100), (3, 0xB0, 64, 0)]
    assert performance(*heard).hanging() == ["pedal 66"]
    assert performance(*heard, (4, 0xB0, 66, 0)).hanging() == []
    assert performance(*heard, (4, 0xB0, 123, 0)).hanging() == ["pedal 66"]


def test_every_rung_of_the_ladder_is_another_note() -> None:
    notes = piano.ladder(1.0, 60.0)
    assert len({(note.pitch, note.velocity) for note in notes}) == len(notes) == 240
    assert all(21 <= note.pitch <= 108 and 1 <= note.velocity <= 127 for note in notes)


def test_only_what_left_a_second_before_the_cut_is_safe() -> None:
    given = surviving.Given(LADDER, [(10.0, 0), (10.4, 1), (10.6, 2), (11.2, 3)])
    assert given.safe(11.5) == 2
    assert given.safe(12.5) == 4
    assert given.safe(9.0) == 0


def test_what_was_played_is_kept_only_if_it_is_the_same_from_the_first_note_on() -> None:
    given = surviving.Given(LADDER)
    assert LADDER[:3] == ["901e28", "801e40", "901f28"]
    assert given.kept(LADDER) == len(LADDER) == 40
    assert given.kept(LADDER[:7]) == 7
    assert given.kept([]) == 0
    assert given.kept(LADDER[1:]) == 0
    assert given.kept([*LADDER[:5], *LADDER[6:]]) == 5
    assert given.kept([*LADDER[:5], LADDER[6], LADDER[5], *LADDER[7:]]) == 5
    assert given.kept([*LADDER[:5], LADDER[4], *LADDER[5:]]) == 5
    assert given.kept([*LADDER, "903c46"]) == 40


def test_cuts_come_at_every_time_of_a_scene() -> None:
    found = cuts.moments(random.Random(1), 20, 1.0, 21.0)
    assert sorted(int(one) for one in found) == list(range(1, 21))
    assert found == cuts.moments(random.Random(1), 20, 1.0, 21.0)
    assert found != sorted(found)


def test_each_scene_is_cut_all_along() -> None:
    found = surviving.moments(random.Random(1), 20)
    assert [name for name, _ in found] == 4 * list(surviving.SCENES)
    imports = sorted(seconds for name, seconds in found if name == "importing")
    assert [int((seconds - 9) / (171 / 4)) for seconds in imports] == [0, 1, 2, 3]
    few = surviving.moments(random.Random(1), 3)
    assert [name for name, _ in few] == ["recording", "importing", "groove"]


def stock(*names: str, current: str) -> surviving.Stock:
    return surviving.Stock(frozenset(names), current)


@pytest.mark.parametrize(
    ("scene", "before", "uploads", "after", "playing"),
    [
        ("recording", stock("demo", current="demo"), (), stock("demo", current="demo"), "demo"),
        ("first boot", surviving.FRESH, (), stock("demo", current="demo"), "demo"),
        (
            *("importing", stock("demo", current="demo"), ("cut-1",)),
            *(stock("demo", "cut-1", current="demo"), "cut-1"),
        ),
        (
            *("groove", stock("demo", current="demo"), ("cut-1",)),
            *(stock("demo", "cut-1", current="cut-1"), "cut-1"),
        ),
        (
            *("switching", stock("demo", "cut-1", current="cut-1"), ("cut-1",)),
            *(stock("demo", "cut-1", current="demo"), "demo"),
        ),
    ],
)
def test_the_corpora_are_the_old_ones_or_the_new_ones(
    scene: str,
    before: surviving.Stock,
    uploads: tuple[str, ...],
    after: surviving.Stock,
    playing: str,
) -> None:
    assert surviving.allowed(scene, before, uploads).fault(after, playing) == ""


@pytest.mark.parametrize(
    ("scene", "before", "uploads", "after", "playing", "fault"),
    [
        (
            *("groove", stock("demo", "cut-1", current="demo"), ("cut-1",)),
            *(stock("demo", current="demo"), "demo", "corpora are lost: cut-1"),
        ),
        (
            *("recording", stock("demo", current="demo"), ()),
            *(stock("demo", "cut-1", current="demo"), "demo", "that nobody made: cut-1"),
        ),
        (
            *("recording", stock("demo", current="demo"), ()),
            *(stock("demo", current=""), "demo", "none is current, not demo"),
        ),
        (
            *("importing", stock("demo", current="demo"), ("cut-1",)),
            *(stock("demo", current="cut-1"), "demo", "cut-1 is current, not cut-1 or demo"),
        ),
        (
            *("groove", stock("demo", "cut-1", current="cut-1"), ("cut-1",)),
            *(stock("demo", "cut-1", current="demo"), "demo", "demo is current, not cut-1"),
        ),
        (
            *("groove", stock("demo", "cut-1", current="cut-1"), ("cut-1",)),
            *(stock("demo", "cut-1", current="cut-1"), "demo", "demo is played, not cut-1"),
        ),
        ("first boot", surviving.FRESH, (), stock(current=""), "demo", "corpora are lost: demo"),
    ],
)
def test_what_a_cut_may_not_do_to_corpora_is_named(
    scene: str,
    before: surviving.Stock,
    uploads: tuple[str, ...],
    after: surviving.Stock,
    playing: str,
    fault: str,
) -> None:
    assert fault in surviving.allowed(scene, before, uploads).fault(after, playing)


def test_a_promise_is_broken_by_the_card_and_not_by_the_way_to_it() -> None:
    def fails(code: int) -> str:
        return places.run(["sh", "-c", f"exit {code}"], 10)

    assert surviving._promised("the card", lambda: 7) == 7
    with pytest.raises(places.BrokenPromise, match=r"the card: .*exit 2"):
        surviving._promised("the card", lambda: fails(2))
    with pytest.raises(places.CommandFailed):
        surviving._promised("the card", lambda: fails(places.LOST))
    with pytest.raises(places.VirtualBoxError, match="longer than") as caught:
        surviving._promised("the card", lambda: places.run(["sleep", "5"], 0.05))
    assert not isinstance(caught.value, places.BrokenPromise)


def survival(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def survive(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(vm, "_survive", survive)


def test_the_control_counts_only_what_is_wrong_with_the_card(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    survival(monkeypatch, places.BrokenPromise("3 messages were safe, 0 are on the card"))
    assert vm._control(None, 1) == "3 messages were safe, 0 are on the card"  # type: ignore[arg-type]
    survival(monkeypatch, places.VirtualBoxError("nbdkit does not answer"))
    with pytest.raises(places.VirtualBoxError, match="nbdkit"):
        vm._control(None, 1)  # type: ignore[arg-type]


def finding(name: str, state: str) -> dict[str, str]:
    return {"name": name, "state": state}


def test_the_doctor_may_find_what_is_so_here_and_nothing_else() -> None:
    always = [finding("disk", "warning"), finding("piano alive", "warning"), finding("box", "ok")]
    before = [finding("piano in", "fault"), finding("box", "warning")]
    assert acceptance.unexpected(always, plugged=True) == []
    assert acceptance.unexpected([*always, *before], plugged=False) == []
    assert acceptance.unexpected([*always, *before], plugged=True) == before
    odd = [finding("screen", "warning"), finding("disk", "fault"), finding("box", "fault")]
    assert acceptance.unexpected([*always, *odd], plugged=False) == odd


def test_the_player_is_measured_by_the_machine() -> None:
    assert acceptance.most_late(7639) == 15278
    assert acceptance.most_late(40) == 1000


@pytest.mark.parametrize(
    ("said", "is_let_in"),
    [
        ("Starting apt\nu.service: Skipped due to 'exec-condition'.\ndead\n", False),
        ("Starting apt\ncondition\n", False),
        ("Starting apt\nstart-pre\n", True),
        ("Starting apt\nu.service: Deactivated successfully.\nFinished apt\ndead\n", True),
        ("Starting apt\nu.service: Failed with result 'exit-code'.\nfailed\n", True),
    ],
)
def test_an_upgrade_that_began_is_told_from_one_that_was_kept_back(
    said: str, is_let_in: bool
) -> None:
    assert (acceptance._LET_IN.search(said) is not None) is is_let_in


def test_a_box_without_data_is_known_by_its_console() -> None:
    corpus = "[   30.1] smartlooper[401]: corpus demo, 192 segments; space: tap, q: quit\r\n"
    started = "[   31.0] systemd[1]: Started smartlooper.service - SmartLooper, a looper.\r\n"
    other = "[   31.0] systemd[1]: Started smartlooper-power-off.path - SmartLooper asks.\r\n"
    assert bare.plays(corpus + started)
    assert not bare.plays(corpus + other)
    assert not bare.plays(started)


def test_a_loop_that_is_not_the_seed_is_noticed() -> None:
    seed = piano.boogie(1.0)
    ends = 9.0
    good = [piano.Heard(ends + note.at - 0.95, 0x90, note.pitch, 60) for note in seed]
    found = acceptance._loop_error(piano.Performance(tuple(good), 0), seed, ends)
    assert found == {"downbeat_late_ms": 0.0, "seed_off_ms": 0.0}
    behind = [piano.Heard(good[0].at + 0.6, 0x90, good[0].pitch, 60), *good[1:]]
    with pytest.raises(places.VirtualBoxError, match="downbeat is late by 600 ms"):
        acceptance._loop_error(piano.Performance(tuple(behind), 0), seed, ends)
    late = [*good[:7], piano.Heard(good[7].at + 0.2, 0x90, good[7].pitch, 60), *good[8:]]
    with pytest.raises(places.VirtualBoxError, match="off by 200 ms"):
        acceptance._loop_error(piano.Performance(tuple(late), 0), seed, ends)
    wrong = [*good[:3], piano.Heard(good[3].at, 0x90, 99, 60), *good[4:]]
    with pytest.raises(places.VirtualBoxError, match="did not come back"):
        acceptance._loop_error(piano.Performance(tuple(wrong), 0), seed, ends)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("tcp 0.0.0.0:22", True),
        ("tcp [::]:22", True),
        ("udp 0.0.0.0:5353", True),
        ("udp 10.0.2.15%ens3:68", True),
        ("udp 0.0.0.0:41234", True),
        ("tcp 0.0.0.0:80", False),
        ("tcp 0.0.0.0:41234", False),
        ("udp 0.0.0.0:123", False),
    ],
)
def test_open_ports_are_told_apart(line: str, expected: bool) -> None:
    assert acceptance._is_expected(line) is expected


def test_waiting_ends_with_the_machine_and_with_the_limit() -> None:
    with pytest.raises(places.VirtualBoxError, match="nothing within 0 s"):
        guest.wait(lambda: False, 0.0, "nothing", every_s=0.0)
    with pytest.raises(places.VirtualBoxError, match="the machine ended"):
        guest.wait(lambda: False, 60.0, "nothing", lambda: False, every_s=0.0)


def test_commands_that_fail_or_hang_say_so_in_one_line() -> None:
    with pytest.raises(places.VirtualBoxError, match="exit 3: two / lines"):
        places.run(["sh", "-c", "echo two; echo lines; exit 3"], 10)
    with pytest.raises(places.VirtualBoxError, match="longer than"):
        places.run(["sleep", "5"], 0.05)
    with pytest.raises(places.VirtualBoxError, match="not installed"):
        places.run(["no-such-program"], 1)


def test_what_was_made_of_other_ingredients_is_made_again(tmp_path: Path) -> None:
    one = places.fingerprint([b"a", b"b"])
    assert one != places.fingerprint([b"ab"])
    mark = tmp_path / "done"
    assert not places.is_current(mark, one)
    mark.write_text(one)
    assert places.is_current(mark, one)


def test_the_base_has_what_the_image_has() -> None:
    assert {"openssh-server", "avahi-daemon", "overlayroot", "busybox"} <= set(
        base.packages("amd64")
    )


def test_a_disk_obeys_flushes_unless_it_is_told_otherwise() -> None:
    assert "cache=writeback" in Disk("x.qcow2").option()


def test_a_machine_ends_with_whoever_started_it() -> None:
    sleeper = [*WITH_US, "sh", "-c", "echo up; exec sleep 600"]
    starts = f"import subprocess; subprocess.Popen({sleeper}).wait()"
    with subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        starter.kill()
        assert starter.communicate(timeout=60)[0] == b""  # the sleeper had it open as well


def test_the_pianist_reads_midi_as_it_comes() -> None:
    """Split anywhere, with running status, and with a clock in between."""
    loader = SourceFileLoader("pianist", str(PIANIST))
    source = PIANIST.read_text().rsplit("\nmain()", 1)[0]
    module = module_from_spec(spec_from_loader("pianist", loader))  # type: ignore[arg-type]
    exec(compile(source, str(PIANIST), "exec"), module.__dict__)
    stream = bytes.fromhex("903c46 f8 3e50 fe b040 f8 7f c005")
    for size in (1, 2, 3, 20):
        reader = module.Reader()
        parts = [stream[at : at + size] for at in range(0, len(stream), size)]
        found = [message for part in parts for message in reader.feed(part)]
        assert found == [[0x90, 60, 70], [0x90, 62, 80], [0xB0, 64, 127], [0xC0, 5, 0]]


def test_the_pianist_says_when_there_is_no_piano(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, PIANIST],
        input=json.dumps({"notes": [[0, "903c46"]]}),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert said.returncode != 0


def test_notes_on_the_card_are_read_up_to_a_torn_line(tmp_path: Path) -> None:
    journal = tmp_path / "events.jsonl"
    lines = "\n".join(
        [
            '{"t":0.1,"who":"player","midi":"903250"}',
            '{"t":0.2,"who":"system","midi":"903250"}',
            '{"t":0.3,"who":"player","midi":"803240"}',
            '{"t":0.4,"who":"player","midi":"b04000"}',
            "17",
            '{"t":0.5,"who":"pla',
        ]
    )
    journal.write_text(lines)
    assert surviving.played(journal) == ["903250", "803240"]
    journal.write_bytes(b"\xff\0\0\n" + lines.encode())
    assert surviving.played(journal) == ["903250", "803240"]
    assert surviving.played(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("line", "plan"),
    [
        ([], vm.Plan(tuple(acceptance.STEPS), 20, control=True, bare=True)),
        (["--short"], vm.Plan(acceptance.SHORT, 3)),
        (["--only", "play", "--cuts", "2"], vm.Plan(("play",), 2)),
        (["--only", "health", "--control"], vm.Plan(("health",), control=True)),
        (["--only", "health", "--bare"], vm.Plan(("health",), bare=True)),
    ],
)
def test_what_is_asked_for_is_planned(line: list[str], plan: vm.Plan) -> None:
    arch = ["--arch", places.host()]
    assert vm._plan(vm._parser().parse_args([*arch, *line])) == plan


def test_another_processor_is_only_booted() -> None:
    other = "arm64" if places.host() == "amd64" else "amd64"
    plan = vm._plan(vm._parser().parse_args(["--arch", other]))
    assert plan == vm.Plan(acceptance.FOREIGN)


def test_the_power_goes_off_last_and_upgrades_are_for_the_long_test() -> None:
    steps = list(acceptance.STEPS)
    assert steps[-1] == "power off"
    assert steps[steps.index("unplugging") + 1] == "updates"
    assert "updates" not in (*acceptance.SHORT, *acceptance.FOREIGN)
