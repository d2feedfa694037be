"""Lines of JSON-RPC, good and bad."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.control import rpc

IDS = st.one_of(
    st.none(), st.integers(), st.text(), st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.text(), st.dictionaries(st.text(), st.integers()), IDS, st.booleans())
def test_a_call_survives_the_wire(method, params, call_id, answered) -> None:
    call = rpc.Call(method, params, call_id if answered else None, answered)
    line = rpc.request(call)
    assert line.endswith(b"\n")
    assert b"\n" not in line[:-1]
    assert rpc.parse(line) == call


@given(st.binary())
def test_any_bytes_are_a_call_or_a_fault(line: bytes) -> None:
    assert isinstance(rpc.parse(line), rpc.Call | rpc.Fault)


@given(JSON)
def test_any_json_is_a_call_or_a_fault_that_can_be_answered(value) -> None:
    found = rpc.parse(json.dumps(value).encode())
    if isinstance(found, rpc.Fault):
        assert json.loads(rpc.fault(found))["error"]["code"] == found.code


@pytest.mark.parametrize(
    ("line", "code", "call_id"),
    [
        (b"", rpc.PARSE_ERROR, None),
        (b"{", rpc.PARSE_ERROR, None),
        (b"[" * 100_000, rpc.PARSE_ERROR, None),
        (b'{"jsonrpc": "2.0", "method": "x", "params": {"a": NaN}}', rpc.PARSE_ERROR, None),
        (b"[]", rpc.INVALID_REQUEST, None),
        (b"{}", rpc.INVALID_REQUEST, None),
        (b'{"method": "stop", "id": 7}', rpc.INVALID_REQUEST, 7),
        (b'{"jsonrpc": "1.0", "method": "stop", "id": "a"}', rpc.INVALID_REQUEST, "a"),
        (b'{"jsonrpc": "2.0", "method": 5, "id": 1}', rpc.INVALID_REQUEST, 1),
        (b'{"jsonrpc": "2.0", "method": "stop", "id": {}}', rpc.INVALID_REQUEST, None),
        (b'{"jsonrpc": "2.0", "method": "stop", "id": true}', rpc.INVALID_REQUEST, None),
        (b'{"jsonrpc": "2.0", "method": "tempo", "params": [90], "id": 1}', rpc.BAD_PARAMS, 1),
    ],
)
def test_what_is_wrong_has_the_code_of_the_specification(line, code, call_id) -> None:
    found = rpc.parse(line)
    assert isinstance(found, rpc.Fault)
    assert (found.code, found.id) == (code, call_id)


def test_without_an_id_nothing_is_answered() -> None:
    found = rpc.parse(b'{"jsonrpc": "2.0", "method": "stop"}')
    assert found == rpc.Call("stop", {}, None, answered=False)
    assert rpc.parse(b'{"jsonrpc": "2.0", "method": "stop", "id": null}').answered
