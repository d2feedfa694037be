"""A real socket, with clients of every kind."""

import json
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.control import rpc, server
from appliance.control.client import ControlClient
from appliance.control.server import ControlServer, Request
from appliance.errors import ConfigError, RuntimeFaultError

LIMIT_S = 10.0


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def box(place: Path) -> Iterator[ControlServer]:
    made = ControlServer(place)
    yield made
    made.close()


def take(box: ControlServer, count: int = 1) -> list[Request]:
    """The next requests, as a box would wait for them."""
    found: list[Request] = []
    until(lambda: found.extend(box.requests()) or len(found) >= count)
    return found


def until(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.001)


class Raw:
    """A client that says whatever it likes."""

    def __init__(self, place: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(place))
        self.socket.settimeout(LIMIT_S)
        self.lines = self.socket.makefile("rb")

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hear(self) -> dict[str, Any]:
        line = self.lines.readline()
        assert line, "hung up"
        found: dict[str, Any] = json.loads(line)
        return found

    @property
    def is_dropped(self) -> bool:
        try:
            return self.socket.recv(1 << 20) == b""
        except ConnectionResetError:
            return True


def ask(raw: Raw, method: str, number: int) -> None:
    raw.say(rpc.request(rpc.Call(method, {}, number)))


def test_a_request_is_answered_to_whoever_asked(box: ControlServer, place: Path) -> None:
    one, other = Raw(place), Raw(place)
    ask(one, "status", 1)
    ask(other, "tempo", 1)
    for request in take(box, 2):
        box.answer(request, request.call.method)
    assert one.hear() == {"jsonrpc": "2.0", "id": 1, "result": "status"}
    assert other.hear() == {"jsonrpc": "2.0", "id": 1, "result": "tempo"}


def test_a_refusal_is_an_error(box: ControlServer, place: Path) -> None:
    one = Raw(place)
    ask(one, "fly", 5)
    (request,) = take(box)
    box.refuse(request, rpc.NO_METHOD, "no method 'fly'")
    assert one.hear()["error"] == {"code": rpc.NO_METHOD, "message": "no method 'fly'"}


def test_a_notification_is_taken_and_not_answered(box: ControlServer, place: Path) -> None:
    one = Raw(place)
    one.say(rpc.request(rpc.Call("stop", answered=False)))
    ask(one, "status", 2)
    for request in take(box, 2):
        box.answer(request, request.call.method)
    assert one.hear()["result"] == "status"


def test_requests_may_come_in_pieces_and_together(box: ControlServer, place: Path) -> None:
    one = Raw(place)
    data = b"".join(rpc.request(rpc.Call("m", {}, n)) for n in range(3)) + b"\n \n"
    for byte in data[:40]:
        one.say(bytes([byte]))
    one.say(data[40:])
    assert [request.call.id for request in take(box, 3)] == [0, 1, 2]


def test_nonsense_is_answered_by_the_server_itself(box: ControlServer, place: Path) -> None:
    one = Raw(place)
    one.say(b"hello\n")
    assert one.hear()["error"]["code"] == rpc.PARSE_ERROR
    ask(one, "status", 1)
    assert take(box)[0].call.method == "status"


def test_an_endless_line_is_cut_off_and_nobody_else_is(box: ControlServer, place: Path) -> None:
    rude, other = Raw(place), Raw(place)
    with pytest.raises(OSError, match=r"Broken pipe|reset"):
        rude.say(b"x" * 100 * server.LONGEST_LINE)
    ask(other, "status", 1)
    (request,) = take(box)
    box.answer(request, "well")
    assert other.hear()["result"] == "well"


def test_who_does_not_read_is_dropped(box: ControlServer, place: Path) -> None:
    slow, quick = Raw(place), Raw(place)
    for raw in (slow, quick):
        ask(raw, "watch", 1)
    for request in take(box, 2):
        box.watch(request)
        box.answer(request, None)
    assert box.watched
    assert quick.hear()["result"] is None
    text = "x" * 30_000
    for number in range(100):
        box.publish("view", {"number": number, "text": text})
        assert quick.hear()["params"]["number"] == number
    until(lambda: len(box._clients) == 1)


def test_who_asks_without_end_is_dropped(box: ControlServer, place: Path) -> None:
    rude = Raw(place)
    rude.say(b"".join(rpc.request(rpc.Call("m", {}, n)) for n in range(server.MOST_WAITING + 1)))
    assert rude.is_dropped
    requests = take(box, server.MOST_WAITING)
    for request in requests:
        box.answer(request, None)  # to nobody
    ask(other := Raw(place), "status", 1)
    box.answer(take(box)[0], "still here")
    assert other.hear()["result"] == "still here"


def test_there_are_only_so_many_clients(box: ControlServer, place: Path) -> None:
    crowd = [Raw(place) for _ in range(server.MOST_CLIENTS)]
    until(lambda: len(box._clients) == server.MOST_CLIENTS)
    late = Raw(place)
    assert "too many" in late.hear()["error"]["message"]
    crowd.pop().socket.close()
    until(lambda: len(box._clients) < server.MOST_CLIENTS)
    ask(welcome := Raw(place), "status", 1)
    box.answer(take(box)[0], 1)
    assert welcome.hear()["result"] == 1


def test_a_client_that_left_is_forgotten(box: ControlServer, place: Path) -> None:
    one = Raw(place)
    ask(one, "status", 1)
    (request,) = take(box)
    one.lines.close()
    one.socket.close()
    until(lambda: not box._clients)
    box.answer(request, "nobody hears this")


def test_what_is_left_is_sent_at_the_end_and_the_socket_goes(place: Path) -> None:
    box = ControlServer(place)
    one = Raw(place)
    ask(one, "stop", 1)
    (request,) = take(box)
    box.answer(request, "bye")
    box.close()
    box.close()
    assert one.hear()["result"] == "bye"
    assert one.is_dropped
    assert not place.exists()


def test_only_owner_and_group_may_talk(box: ControlServer, place: Path) -> None:
    assert stat.S_IMODE(place.stat().st_mode) == 0o660


def test_a_socket_left_behind_is_replaced(place: Path) -> None:
    place.parent.mkdir()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(place))
    dead.close()
    box = ControlServer(place)
    Raw(place)
    box.close()


def test_a_second_box_is_refused_and_the_first_goes_on(box: ControlServer, place: Path) -> None:
    with pytest.raises(ConfigError, match="running there already"):
        ControlServer(place)
    ask(one := Raw(place), "status", 1)
    box.answer(take(box)[-1], "first")
    assert one.hear()["result"] == "first"


def test_a_file_in_the_way_is_left_alone(place: Path) -> None:
    place.parent.mkdir()
    place.write_text("mine")
    with pytest.raises(ConfigError, match="in the way, and not a socket"):
        ControlServer(place)
    assert place.read_text() == "mine"


def test_a_path_too_long_for_a_socket_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no control socket"):
        ControlServer(tmp_path / ("x" * 100) / "control.sock")


@contextmanager
def answering(box: ControlServer) -> Iterator[list[rpc.Call]]:
    """A box whose turns go on beside the test: it knows `tempo` and `watch`, and shows one view."""
    stop = threading.Event()
    seen: list[rpc.Call] = []

    def turn() -> None:
        while not stop.is_set():
            for request in box.requests():
                seen.append(request.call)
                if request.call.method == "watch":
                    box.watch(request)
                    box.answer(request, {"state": "idle"})
                    box.publish("view", {"state": "groove"})
                elif request.call.method == "tempo":
                    box.answer(request, request.call.params)
                else:
                    box.refuse(request, rpc.NO_METHOD, f"no method {request.call.method!r}")
            stop.wait(0.001)

    thread = threading.Thread(target=turn)
    thread.start()
    yield seen
    stop.set()
    thread.join()


def test_the_client_asks_and_is_told(box: ControlServer, place: Path) -> None:
    with answering(box) as seen, ControlClient(place) as client:
        assert client.ask("tempo", bpm=90) == {"bpm": 90}
        with pytest.raises(ConfigError, match="no method 'fly'"):
            client.ask("fly")
        assert client.ask("tempo", bpm=91) == {"bpm": 91}
    assert [call.id for call in seen] == [1, 2, 3]


def test_the_client_watches(box: ControlServer, place: Path) -> None:
    with answering(box), ControlClient(place) as client:
        views = client.watch()
        assert [next(views), next(views)] == [{"state": "idle"}, {"state": "groove"}]


def test_the_client_notices_that_the_box_has_gone(place: Path) -> None:
    box = ControlServer(place)
    with ControlClient(place) as client:
        until(lambda: box._clients)
        box.close()
        with pytest.raises(RuntimeFaultError, match=r"closed the connection|went away|no answer"):
            client.ask("status")


def test_without_a_box_the_client_says_where_it_looked(place: Path) -> None:
    with pytest.raises(ConfigError, match=f"{place}: no box answers"):
        ControlClient(place)


def test_a_box_that_never_answers_is_not_waited_for(box: ControlServer, place: Path) -> None:
    with (
        ControlClient(place, patience_s=0.05) as client,
        pytest.raises(RuntimeFaultError, match="no answer"),
    ):
        client.ask("status")


def test_random_bytes_never_harm_it(box: ControlServer, place: Path) -> None:
    noise = bytes(range(256))
    for number in range(200):
        raw = Raw(place)
        raw.say(noise[number % 256 :] + b"\n" * (number % 3) + os.urandom(number))
        raw.lines.close()
        raw.socket.close()
    ask(one := Raw(place), "status", 1)
    until(lambda: [r for r in box.requests() if box.answer(r, "well") or True])
    assert one.hear()["result"] == "well"
