"""JSON-RPC 2.0 (https://www.jsonrpc.org/specification), one message a line, UTF-8; no batches.

Pure: bytes in, values out. A line that is no request gives a `Fault`, which has its own answer.
"""

import json
import math
from dataclasses import dataclass, field
from typing import Any

PARSE_ERROR, INVALID_REQUEST, NO_METHOD, BAD_PARAMS, INTERNAL = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
)
REFUSED = -32000
"""The box understood, and cannot or will not do it now."""

Id = int | float | str | None


@dataclass(frozen=True)
class Call:
    """What a client wants. Without `answered` it is a notification: nothing is sent back."""

    method: str
    params: dict[str, Any] = field(default_factory=dict)
    id: Id = None
    answered: bool = True


@dataclass(frozen=True)
class Fault:
    """Why a line could not be taken; `id` as far as it could be read."""

    code: int
    message: str
    id: Id = None


def parse(line: bytes) -> Call | Fault:
    """One line without its newline. Never raises."""
    try:
        message = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Fault(PARSE_ERROR, "not JSON; send one JSON-RPC 2.0 request a line")
    if not isinstance(message, dict):
        return Fault(INVALID_REQUEST, "not an object; batches are not taken")
    known = message.get("id")
    if "id" in message and not _is_id(known):
        return Fault(INVALID_REQUEST, "id: a number, a string or null")
    method, params = message.get("method"), message.get("params", {})
    if message.get("jsonrpc") != "2.0" or not isinstance(method, str):
        return Fault(INVALID_REQUEST, 'jsonrpc must be "2.0" and method a string', known)
    if not isinstance(params, dict):
        return Fault(BAD_PARAMS, "params: an object with named values", known)
    return Call(method, params, known, "id" in message)


def result(call_id: Id, value: Any) -> bytes:
    """The line that answers a call."""
    return _line({"jsonrpc": "2.0", "id": call_id, "result": value})


def fault(problem: Fault) -> bytes:
    """The line that says why not."""
    error = {"code": problem.code, "message": problem.message}
    return _line({"jsonrpc": "2.0", "id": problem.id, "error": error})


def notification(method: str, params: dict[str, Any]) -> bytes:
    """A line that nobody has to answer."""
    return _line({"jsonrpc": "2.0", "method": method, "params": params})


def request(call: Call) -> bytes:
    """The line that a client sends."""
    message = {"jsonrpc": "2.0", "method": call.method, "params": call.params}
    return _line(message | {"id": call.id} if call.answered else message)


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _is_id(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, int | str) and not isinstance(value, bool))


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and Infinity are not JSON
