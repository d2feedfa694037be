"""Programs that talk to a box through its real socket; the box is simulated."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.rig import SECOND, Rig

from appliance.box import Hardware
from appliance.box.desk import MOST_A_TURN
from appliance.box.methods import METHODS
from appliance.box.stock import Corpora
from appliance.control import rpc
from appliance.control.server import ControlServer
from appliance.errors import ConfigError
from appliance.events import CorpusOpened, Effect, Event, Heard, Said
from appliance.footswitch import Footswitch
from appliance.policies import Groove
from appliance.policies.facts import Facts
from appliance.session import Session, Settings
from corpus.keeping.bundle import Bundle

LIMIT_S = 10.0


class Caller:
    """A program that asks; the box is turned until it has its answer."""

    def __init__(self, path: Path, rig: Rig) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.settimeout(0.002)
        self._rig = rig
        self._read = b""
        self._number = 0

    def send(self, method: str, **params: Any) -> int:
        self._number += 1
        self.socket.sendall(rpc.request(rpc.Call(method, params, self._number)))
        return self._number

    def hear(self) -> dict[str, Any]:
        deadline = time.monotonic() + LIMIT_S
        while b"\n" not in self._read:
            assert time.monotonic() < deadline, "no answer"
            self._rig.box.turn()
            try:
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                continue
            assert data, "hung up"
            self._read += data
        line, _, self._read = self._read.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    def ask(self, method: str, **params: Any) -> Any:
        number = self.send(method, **params)
        answer = self.hear()
        assert answer["id"] == number
        assert "error" not in answer, answer
        return answer["result"]

    def fail(self, method: str, **params: Any) -> tuple[int, str]:
        self.send(method, **params)
        error = self.hear()["error"]
        return error["code"], error["message"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def make(bundle: Bundle, path: Path, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def rig(**more: Any) -> Rig:
        made.append(Rig(bundle, tmp_path, control=ControlServer(path), **more))
        return made[-1]

    yield rig
    for one in made:
        one.box.close()


@pytest.fixture
def rig(make: Callable[..., Rig]) -> Rig:
    return make()


@pytest.fixture
def caller(rig: Rig, path: Path) -> Iterator[Caller]:
    with_socket = Caller(path, rig)
    yield with_socket
    with_socket.socket.close()


# -- commands -------------------------------------------------------------------------------------


def test_a_program_plays_a_whole_session(rig: Rig, caller: Caller) -> None:
    assert caller.ask("record")["state"] == "recording"
    rig.play()
    rig.run(4)
    answer = caller.ask("record")
    assert (answer["state"], answer["notice"]) == ("warmup", "8 BEATS 120 BPM")
    rig.run(0.5)
    assert caller.ask("hold")["pending"] == "HOLD"
    assert caller.ask("cancel")["pending"] == ""
    assert caller.ask("tempo", bpm=100)["bpm"] == 100
    assert caller.ask("transpose", semitones=-2)["pending"] == "TRANSPOSE -2"
    assert caller.ask("next")["pending"] == "NEXT"
    assert caller.ask("mark", text="this one")["notice"] == "MARKED"
    assert caller.ask("end")["state"] == "ending"
    assert caller.ask("stop")["state"] == "idle"
    rig.run(0.1)
    assert not rig.engine.sounding
    assert rig.box.folder is not None
    journal = (rig.box.folder / "events.jsonl").read_text
    rig.box.close()
    assert "this one" in journal()


def test_what_cannot_be_done_now_is_refused_with_the_reason(rig: Rig, caller: Caller) -> None:
    assert caller.fail("hold") == (rpc.REFUSED, "NOTHING PLAYS")
    assert caller.fail("loop") == (rpc.REFUSED, "NOT RECORDING")
    rig.record()
    assert caller.fail("replay") == (rpc.REFUSED, "STOP FIRST")
    assert caller.fail("cancel") == (rpc.REFUSED, "NOTHING IS PENDING")
    assert rig.state == "warmup"


def test_an_unknown_method_is_told_the_nearest(caller: Caller) -> None:
    code, message = caller.fail("stpo")
    assert code == rpc.NO_METHOD
    assert "did you mean 'stop'?" in message
    _, message = caller.fail("x" * 5000)
    assert "record" in message
    assert len(message) < 1000


@pytest.mark.parametrize(
    ("method", "params", "says"),
    [
        ("tempo", {}, "tempo: bpm is missing; it takes bpm (a number from 30 to 240)"),
        ("tempo", {"bpm": 301}, "tempo: bpm = 301: a number from 30 to 240"),
        ("tempo", {"bpm": True}, "tempo: bpm = True: a number from 30 to 240"),
        ("tempo", {"bpm": "fast"}, "tempo: bpm = 'fast': a number from 30 to 240"),
        ("tempo", {"tempo": 90}, "tempo: 'tempo' is not wanted; it takes bpm (a number"),
        ("transpose", {"semitones": 1.5}, "transpose: semitones = 1.5: a whole number from -12"),
        ("transpose", {"semitones": 13}, "to 12"),
        ("stop", {"now": True}, "stop: 'now' is not wanted; it takes no params"),
        ("use", {"name": ""}, "use: name = '': a string of 1 to"),
        ("chat", {"text": "   "}, "chat: text = '   ': a string of 1 to"),
        ("mark", {"text": 7}, "mark: text = 7: a string of 0 to 200 characters"),
    ],
)
def test_bad_params_are_told_what_is_allowed(
    caller: Caller, method: str, params: dict[str, Any], says: str
) -> None:
    code, message = caller.fail(method, **params)
    assert code == rpc.BAD_PARAMS
    assert says in message
    assert "\n" not in message


def test_every_method_is_described_and_none_but_withdraw_is_missing(caller: Caller) -> None:
    described = caller.ask("methods")
    assert described.keys() == METHODS.keys()
    assert described["tempo"]["params"] == {"bpm": "a number from 30 to 240"}
    assert caller.fail("withdraw")[0] == rpc.NO_METHOD, "only a foot can know that"


def test_a_program_can_shut_the_machine_down_while_nothing_plays(rig: Rig, caller: Caller) -> None:
    rig.record()
    assert caller.fail("shutdown") == (rpc.REFUSED, "STOP FIRST")
    assert not rig.box.power_off
    caller.ask("stop")
    caller.ask("shutdown")
    assert (rig.box.power_off, rig.box.told_to_stop) == (True, True)


# -- questions ------------------------------------------------------------------------------------


def test_status_says_how_things_are(rig: Rig, caller: Caller, tmp_path: Path) -> None:
    status = caller.ask("status")
    assert (status["state"], status["corpus"], status["bpm"]) == ("idle", "small", None)
    assert (status["lateness_us"], status["take"], status["celsius"]) == (None, None, None)
    assert status["ports"] == {"output": True, "input": True}
    assert (status["missing"], status["importing"], status["warning"]) == ([], "", "")
    rig.record()
    rig.run(10)
    status = caller.ask("status")
    assert status["state"] == "groove"
    assert status["current"]
    assert 0 < status["similarity"] <= 1
    assert status["queued"]
    assert status["lateness_us"]["count"] > 50
    assert status["lateness_us"]["p99"] == 0, "on the simulated clock"
    assert status["take"] == str(tmp_path / "take")
    assert status["uptime_s"] == pytest.approx(14.05)
    assert "0:14 groove" not in status["log"]
    assert any(line.endswith("groove") for line in status["log"])
    caller.ask("stop")
    assert caller.ask("status")["lateness_us"]["count"] > 50, "of the last take"


def test_a_watcher_sees_the_screen_change_twenty_times_a_second_at_most(
    rig: Rig, caller: Caller
) -> None:
    first = caller.ask("watch")
    assert (first["state"], first["levels"]) == ("idle", {"player": 0.0, "loop": 0.0})
    rig.record()
    began = rig.now
    rig.run(2)
    told = []
    while not told or told[-1]["state"] != "warmup" or told[-1]["beat"] < 5:
        message = caller.hear()
        assert message["method"] == "view"
        told.append(message["params"])
    assert len(told) <= (rig.now - began) / SECOND * 20 + 4 * 20 + 2
    assert {"idle", "recording", "warmup"} >= {view["state"] for view in told}
    assert max(view["levels"]["player"] for view in told) > 0.3
    assert max(view["levels"]["loop"] for view in told) > 0.3
    assert all(one != other for one, other in pairwise(told))
    assert any(line.endswith("recording") for line in told[-1]["log"])
    assert told[-1].keys() == first.keys()


def test_nothing_is_told_when_nobody_watches(rig: Rig, caller: Caller) -> None:
    rig.record()
    rig.run(2)
    assert caller.ask("status")["state"] == "warmup", "the first line that comes is the answer"


def test_a_screen_that_stays_the_same_is_told_once(rig: Rig, caller: Caller) -> None:
    caller.ask("watch")
    rig.run(3)
    number = caller.send("status")
    told = 0
    while "id" not in (message := caller.hear()):
        told += 1
    assert message["id"] == number
    assert told == 1


# -- corpora --------------------------------------------------------------------------------------


class Shelf:
    """Corpora as a box is given them, by hand."""

    def __init__(self) -> None:
        self.importing, self.progress, self.notice, self.asking = "", 0.0, "", ""
        self.ready: list[Event] = []
        self.idle: list[bool] = []
        self.fault: Exception | None = None
        self.closed = False

    def turn(self, now: int, idle: bool) -> list[Event]:
        self.idle.append(idle)
        if self.fault is not None:
            raise self.fault
        ready, self.ready = (self.ready, []) if idle else ([], self.ready)
        return ready

    def use(self, name: str) -> str:
        if name != "evening":
            raise ConfigError(f"no corpus {name!r}; evening is there")
        return "evening comes with the next take"

    def names(self) -> list[dict[str, Any]]:
        return [{"name": "evening", "current": False}]

    def answer(self, yes: bool) -> None:
        pass

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        self.closed = True


def test_corpora_are_named_and_used(make: Callable[..., Rig], path: Path) -> None:
    shelf: Corpora = Shelf()
    caller = Caller(path, make(corpora=shelf))
    assert caller.ask("corpora") == [{"name": "evening", "current": False}]
    assert caller.ask("use", name="evening") == {"says": "evening comes with the next take"}
    message = "no corpus 'morning'; evening is there"
    assert caller.fail("use", name="morning") == (rpc.REFUSED, message)


def test_a_box_without_corpora_says_so(caller: Caller) -> None:
    code, message = caller.fail("use", name="evening")
    assert code == rpc.REFUSED
    assert "keeps no corpora" in message


def test_an_import_is_seen_and_what_came_of_it_is_played_when_idle(
    make: Callable[..., Rig], path: Path, bundle: Bundle
) -> None:
    shelf = Shelf()
    rig = make(corpora=shelf)
    caller = Caller(path, rig)
    shelf.importing, shelf.progress, shelf.notice = "monday.zip", 0.12345, "READING"
    view = rig.run(0.1)
    assert (view.importing, view.progress, view.notice) == ("monday.zip", 0.12, "READING")
    rig.record()
    shelf.ready = [CorpusOpened(rig.now, bundle, Facts(bundle).ready())]
    rig.run(1)
    assert shelf.ready, "it waits for the music to end"
    caller.ask("stop")
    rig.run(3)
    assert not shelf.ready
    assert shelf.idle[0]
    assert not all(shelf.idle)


def test_whatever_goes_wrong_with_the_corpora_the_music_goes_on(make: Callable[..., Rig]) -> None:
    shelf = Shelf()
    rig = make(corpora=shelf)
    rig.record()
    shelf.fault = OSError("the card is gone")
    rig.run(10)
    assert rig.state == "groove"
    assert list(rig.box.faults) == ["corpora: the card is gone"], "once"
    rig.box.close()
    assert shelf.closed


# -- talk -----------------------------------------------------------------------------------------


class Talkative(Session):
    """Answers what is said, but `later` only when it is told to."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(Settings(), bundle, Groove())
        self.late: list[Effect] = []

    def step(self, event: Event) -> list[Effect]:
        if not isinstance(event, Said):
            late, self.late = self.late, []
            return super().step(event) + late
        answer: Effect = Heard(event.number, {"said": event.text})
        if event.text != "later":
            return [answer]
        self.late.append(answer)
        return []


def test_what_is_said_is_answered_to_whoever_said_it(
    make: Callable[..., Rig], path: Path, bundle: Bundle
) -> None:
    rig = make(session=Talkative(bundle))
    one, other = Caller(path, rig), Caller(path, rig)
    one.send("chat", text="later")
    other.send("chat", text="a bit calmer")
    assert other.hear()["result"] == {"said": "a bit calmer"}
    assert one.hear()["result"] == {"said": "later"}


def test_a_round_with_the_loop_is_answered_and_kept(rig: Rig, caller: Caller) -> None:
    rig.record()
    rig.run(2)
    answer = caller.ask("chat", text="tempo 100")
    assert answer["text"] == "tempo 100"
    assert rig.run(0.1).bpm == 100
    table = caller.ask("table")
    assert table["loop"] == 0
    assert "bpm" in table["attributes"]
    assert not caller.ask("chat", text="colourless green ideas").get("committed")
    assert rig.box.folder is not None
    rig.box.close()
    rounds = [json.loads(line) for line in (rig.box.folder / "rounds.jsonl").open()]
    assert any("tempo" in json.dumps(one) for one in rounds)
    assert json.loads((rig.box.folder / "table.json").read_text())


def test_whoever_hung_up_before_the_answer_does_not_matter(
    make: Callable[..., Rig], path: Path, bundle: Bundle
) -> None:
    rig = make(session=Talkative(bundle))
    one, other = Caller(path, rig), Caller(path, rig)
    one.send("chat", text="calmer")
    one.socket.close()
    assert other.ask("chat", text="louder") == {"said": "louder"}


# -- clients of every kind ------------------------------------------------------------------------


def test_a_crowd_is_answered_a_few_a_turn_and_in_order(rig: Rig, path: Path) -> None:
    crowd = [Caller(path, rig) for _ in range(20)]
    for caller in crowd:
        for _ in range(8):
            caller.send("status")
    answered: list[int] = []
    serve = rig.box.status

    def counted() -> dict[str, Any]:
        answered[-1] += 1
        return serve()

    rig.box._desk._questions["status"] = counted
    deadline = time.monotonic() + LIMIT_S
    while sum(answered) < 160:
        assert time.monotonic() < deadline
        answered.append(0)
        rig.box.turn()
    assert max(answered) <= MOST_A_TURN
    for caller in crowd:
        assert [caller.hear()["id"] for _ in range(8)] == list(range(1, 9))


def test_a_crowd_does_not_delay_the_music(
    make: Callable[..., Rig], path: Path, bundle: Bundle
) -> None:
    rig = make()
    rig.record()
    rig.listen()
    crowd = [Caller(path, rig) for _ in range(10)]
    for _ in range(60):
        for caller in crowd:
            caller.send("status")
        rig.run(0.1)
        for caller in crowd:
            caller.hear()
    rig.box.close()
    summary = json.loads((rig.box.folder / "session.json").read_text()) if rig.box.folder else {}
    assert summary["lateness_us"]["max"] == 0
    assert summary["gaps_ms_max"] == 0
    assert len(rig.wire) > 50


def test_a_fault_in_an_answer_is_told_and_the_music_goes_on(rig: Rig, caller: Caller) -> None:
    def fail() -> dict[str, Any]:
        raise RuntimeError("a bug")

    rig.box._desk._questions["status"] = fail
    assert caller.fail("status")[0] == rpc.INTERNAL
    assert any("a bug" in fault for fault in rig.box.faults)
    rig.record()
    assert rig.run(1).state == "warmup"


def test_nobody_is_left_without_an_answer_at_the_end(
    make: Callable[..., Rig], path: Path, bundle: Bundle
) -> None:
    session = Talkative(bundle)
    rig = make(session=session)
    caller = Caller(path, rig)
    caller.send("chat", text="later")
    deadline = time.monotonic() + LIMIT_S
    while not session.late:
        assert time.monotonic() < deadline
        rig.box._desk.turn()
    session.late.clear()
    rig.box.close()
    assert caller.hear()["error"] == {"code": rpc.REFUSED, "message": "the box is stopping"}
    assert not path.exists()


def test_the_foot_and_a_program_play_together(make: Callable[..., Rig], path: Path) -> None:
    rig = make(footswitch=Footswitch(lock=True))
    caller = Caller(path, rig)
    rig.tap()
    rig.play()
    rig.run(3.89)
    assert caller.ask("loop")["state"] == "warmup"
    rig.run(0.5)
    rig.hold(1.2)
    assert caller.ask("status")["confirm"] == "ending"
    assert caller.ask("next")["pending"] == "NEXT"
    assert rig.tap().state == "ending", "what the foot began is still its own"


# -- waiting --------------------------------------------------------------------------------------


@pytest.fixture
def server(path: Path) -> ControlServer:
    return ControlServer(path)


@pytest.fixture
def awake(bundle: Bundle, server: ControlServer, tmp_path: Path) -> Iterator[Rig]:
    """Real time, and a real player without ports; a tick is not to be waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("appliance.box.box.TICK_NS", 60 * SECOND)
        hardware = Hardware.rehearsal(tmp_path / "oled.gif")
        rig = Rig(bundle, tmp_path, hardware, control=server)
        rig.box.turn()
        yield rig
    rig.box.close()


def test_a_request_wakes_the_box(awake: Rig, path: Path) -> None:
    caller = Caller(path, awake)
    caller.send("status")
    began = time.monotonic()
    awake.box.wait()
    assert time.monotonic() - began < 30


def test_what_was_left_for_the_next_turn_is_not_waited_for(
    awake: Rig, path: Path, server: ControlServer
) -> None:
    caller = Caller(path, awake)
    asked = MOST_A_TURN + 1
    for _ in range(asked):
        caller.send("methods")
    deadline = time.monotonic() + LIMIT_S
    while len(server._inbox) < asked:
        assert time.monotonic() < deadline
    awake.box.turn()
    began = time.monotonic()
    awake.box.wait()
    awake.box.turn()
    assert time.monotonic() - began < 30
    assert [caller.hear()["id"] for _ in range(asked)] == list(range(1, asked + 1))


def test_a_handle_that_was_closed_does_not_end_the_music(
    awake: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = os.eventfd(0)
    os.close(gone)
    monkeypatch.setattr(awake.box._stock, "handles", lambda: [gone])
    awake.box.wait(awake.now + SECOND)
    awake.box.turn()
