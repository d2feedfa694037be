"""A server that speaks the chat protocol from a script, and remembers what it was asked."""

import contextlib
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = dict[str, Any]


def saying(content: Any) -> Reply:
    """An ordinary completion; an object is written as JSON."""
    text = content if isinstance(content, str) else json.dumps(content)
    return {"body": json.dumps({"choices": [{"message": {"content": text}}]}).encode()}


class Script:
    """Replies in order: `body`, `status`, `silent` (never answers), `drip` (seconds a
    byte of the body), `late` (seconds a byte of the header)."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = deque(replies)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.over = threading.Event()


@contextmanager
def serving(*replies: Reply) -> Iterator[tuple[str, Script]]:
    """The base address of a server with this script."""
    script = Script(*replies)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.asked.append(json.loads(body))
            script.keys.append(self.headers.get("Authorization"))
            _answer(self, script.replies.popleft(), script.over)

        def log_message(self, *rest: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", script
    finally:
        script.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def _answer(handler: BaseHTTPRequestHandler, reply: Reply, over: threading.Event) -> None:
    if reply.get("silent"):
        over.wait(10)
        return
    body = reply.get("body", b"")
    if pause := reply.get("late"):
        _drip(handler, b"HTTP/1.0 200 OK\r\nX-Wait: " + b"." * 200, pause, over)
        return
    handler.send_response(reply.get("status", 200))
    handler.end_headers()
    try:
        if drip := reply.get("drip"):
            _drip(handler, body, drip, over)
        else:
            handler.wfile.write(body)
    except OSError:
        pass  # the other side has had enough


def _drip(
    handler: BaseHTTPRequestHandler, body: bytes, pause: float, over: threading.Event
) -> None:
    with contextlib.suppress(OSError):
        for byte in body:
            if over.wait(pause):
                return
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
