"""A language model behind an OpenAI-compatible endpoint: one request, one bounded answer.

Whatever the server promises, what comes back is only text until `plans.read_plan` has read it.
"""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from appliance.errors import ApplianceError

PATH = "/chat/completions"
LARGEST = 64 * 1024  # bytes of an answer; a plan is a few hundred
CHUNK = 4096
TOKENS = 400
REFUSED_FORMAT = (400, 404, 415, 422, 500, 501)  # what servers say to a `response_format` they lack


class ModelFaultError(ApplianceError):
    """The model did not answer, or not in time, or not in the protocol; the groove plays on."""


class _StatusError(ModelFaultError):
    """The server answered, with a status other than 200."""

    def __init__(self, url: str, status: int) -> None:
        super().__init__(f"{url}: HTTP {status}")
        self.status = status


@dataclass(frozen=True)
class Endpoint:
    """Where a model is reached. `url` ends before /chat/completions; `seconds` are for everything:
    connecting, waiting, reading, and the repair."""

    url: str
    model: str
    key: str = ""
    seconds: float = 8.0


Messages = Sequence[Mapping[str, str]]


def complete(
    endpoint: Endpoint, messages: Messages, schema: Mapping[str, Any], until: float
) -> str:
    """What the model says, at temperature 0; `until` is a time of `time.monotonic`.

    The schema goes as OpenAI writes it (`json_schema`); to a server that refuses that, once more as
    llama-cpp-python wants it (`json_object` with a schema). Blocks, so it belongs in a worker
    process. ModelFaultError in one line for whatever goes wrong.
    """
    try:
        try:
            return _content(_post(endpoint, _body(endpoint, messages, _openai(schema)), until))
        except _StatusError as error:
            if error.status not in REFUSED_FORMAT:
                raise
            return _content(_post(endpoint, _body(endpoint, messages, _llama(schema)), until))
    except (OSError, http.client.HTTPException, ValueError) as error:
        _left(until)
        raise ModelFaultError(f"{endpoint.url}: {error or type(error).__name__}") from error


def _openai(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    wanted = {"name": "plan", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": wanted}


def _llama(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "json_object", "schema": schema}


def _body(endpoint: Endpoint, messages: Messages, form: Mapping[str, Any]) -> bytes:
    said = {
        "model": endpoint.model,
        "messages": list(messages),
        "temperature": 0,
        "max_tokens": TOKENS,
        "stream": False,
        "response_format": form,
    }
    return json.dumps(said).encode()


def _post(endpoint: Endpoint, body: bytes, until: float) -> bytes:
    parts = urlsplit(endpoint.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ModelFaultError(f"{endpoint.url!r} is no http address of a model")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=_left(until))
    headers = {"Content-Type": "application/json", "Connection": "close"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    watch: threading.Timer | None = None
    try:
        connection.connect()
        # A timeout is about each read: a server that sends byte after byte is cut off by the clock.
        watch = threading.Timer(_left(until), _cut, [connection.sock])
        watch.daemon = True
        watch.start()
        connection.request("POST", parts.path.rstrip("/") + PATH, body, headers)
        return _read(connection.getresponse(), endpoint, until)
    finally:
        if watch is not None:
            watch.cancel()
        connection.close()


def _read(answer: http.client.HTTPResponse, endpoint: Endpoint, until: float) -> bytes:
    """The whole answer, if it is of a size and comes in time."""
    found = b""
    while len(found) <= LARGEST:
        some = answer.read1(CHUNK)
        _left(until)
        if not some:
            if answer.status != 200:
                raise _StatusError(endpoint.url, answer.status)
            return found
        found += some
    raise ModelFaultError(f"the model's answer is over {LARGEST} bytes")


def _cut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise ModelFaultError("the model did not answer in time")
    return left


def _content(raw: bytes) -> str:
    try:
        said = json.loads(raw)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise ModelFaultError("the model's server does not speak the protocol") from error
    if not isinstance(said, str):
        raise ModelFaultError("the model said nothing")
    return said
