"""smartlooper chat, against a socket that answers like a box."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.cli import chat, main
from appliance.control import rpc
from appliance.control.server import ControlServer
from appliance.errors import ConfigError

DONE = {
    "committed": True,
    "plan": [],
    "say": "no bass",
    "ask": "",
    "refuse": "",
    "actions": [],
    "hash": "",
    "in_beats": 3,
}
ROW = {"target": None, "measured": None, "scope": "loop", "locked": False}
TABLE = {
    "loop": 7,
    "source": "take1@8",
    "undo": 2,
    "redo": 0,
    "attributes": {
        "bpm": ROW | {"measured": 96.0, "target": 96.0, "scope": "standing"},
        "key": ROW | {"measured": "D minor", "locked": True},
        "layers": ROW | {"measured": ["bass", "melody"]},
        "mood": ROW,
    },
}


@contextmanager
def box(path: Path, *answers: dict[str, Any]) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Answers requests in order, and what they were."""
    asked: list[tuple[str, dict[str, Any]]] = []
    server, stop = ControlServer(path), threading.Event()

    def serve() -> None:
        coming = iter(answers)
        while not stop.wait(0.002):
            for request in server.requests():
                asked.append((request.call.method, dict(request.call.params)))
                answer = next(coming, None)
                if answer is None:
                    server.refuse(request, rpc.REFUSED, "too many talk")
                else:
                    server.answer(request, answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield asked
    finally:
        stop.set()
        thread.join(5)
        server.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path


def test_one_round_says_what_is_done_and_when(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with box(state / "control.sock", DONE) as asked:
        assert main(["chat", "drop", "the", "bass", "--state", str(state)]) == 0
    assert asked == [("chat", {"text": "drop the bass"})]
    assert capsys.readouterr().out == "no bass (in 3 beats)\n"


@pytest.mark.parametrize("name", ["ask", "refuse"])
def test_what_is_not_done_ends_with_one(
    state: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    answer = DONE | {"committed": False, "say": "", name: "up or down?\033[2J"}
    with box(state / "control.sock", answer):
        assert main(["chat", "an octave", "--state", str(state)]) == 1
    assert capsys.readouterr().out == "up or down? [2J\n"


def test_json_is_the_answer_as_it_came(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with box(state / "control.sock", DONE, TABLE):
        assert main(["chat", "drop the bass", "--json", "--state", str(state)]) == 0
        assert main(["chat", "status", "--json", "--state", str(state)]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [DONE, TABLE]


def test_status_is_the_table(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with box(state / "control.sock", TABLE) as asked:
        main(["chat", "status", "--state", str(state)])
    assert asked == [("table", {})]
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "loop 8, take1@8",
        "bpm 96 asked for: 96 (stands)",
        "key D minor locked",
        "layers bass, melody",
        "2 to undo, 0 to redo",
    ]
    assert list(chat.table_lines({"loop": None, "attributes": {}})) == ["nothing plays"]


def test_a_pipe_is_a_conversation_of_lines(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("drop the bass\n\nundo\n"))
    refused = DONE | {"committed": False, "say": "", "refuse": "nothing to undo"}
    with box(state / "control.sock", DONE, refused) as asked:
        assert main(["chat", "--state", str(state)]) == 1
    assert [params["text"] for _, params in asked] == ["drop the bass", "undo"]
    assert capsys.readouterr().out == "no bass (in 3 beats)\nnothing to undo\n"


def test_without_a_box_it_is_one_line(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "calmer", "--state", str(state)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "no box answers" in error


def test_a_box_that_will_not_is_one_line(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with box(state / "control.sock"):
        assert main(["chat", "calmer", "--state", str(state)]) == 2
    assert capsys.readouterr().err == "smartlooper: too many talk\n"


def test_at_a_terminal_lines_are_kept_and_end_with_quit(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    said = iter(["drop the bass", " hold ", "quit"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(said))
    assert list(chat._conversation()) == ["drop the bass", "hold"]
    assert (state / "smartlooper" / "chat-history").exists()
    monkeypatch.setattr("builtins.input", lambda prompt: (_ for _ in ()).throw(EOFError))
    assert list(chat._conversation()) == []
    assert "help" in capsys.readouterr().out


def test_a_terminal_shows_what_kind_of_answer_it_is() -> None:
    question = DONE | {"committed": False, "say": "", "ask": "which?"}
    assert chat.answer_lines(question, coloured=True) == ["\033[33mwhich?\033[0m"]
    assert chat.answer_lines(DONE, coloured=True) == ["\033[32mno bass (in 3 beats)\033[0m"]
    one = DONE | {"say": "", "in_beats": 1}
    assert chat.answer_lines(one, coloured=False) == ["done (in 1 beat)"]


def test_what_can_be_said_is_completed() -> None:
    words = chat.known_words()
    assert {"bass", "calm", "undo", "rainy", "bpm"} <= set(words)
    assert words == sorted(words)


def test_a_box_must_be_there_before_a_conversation_begins(state: Path) -> None:
    with pytest.raises(ConfigError):
        chat.ControlClient(state / "control.sock")
