"""The bench of the copilot: its figures, and what it does with a larger corpus."""

import json

import numpy as np

from appliance.bench.copilot import (
    SPOKEN,
    enlarged,
    request_figures,
    round_times,
    said_times,
    session_figures,
)
from appliance.cli import main


def test_a_file_of_requests_comes_out_line_by_line_with_rates_by_kind(tmp_path):
    lines = [
        {"text": "faster", "expect": [{"task": "tempo", "args": {"bpm": 110}}], "kind": "simple"},
        {"text": "softer", "expect": [], "kind": "simple"},
        {"text": "make it nice", "expect": [], "kind": "ambiguous"},
        {"text": "add reverb", "expect": [], "kind": "refuse"},
    ]
    path = tmp_path / "requests.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    found = request_figures(path)
    assert [line["text"] for line in found["requests"]] == [line["text"] for line in lines]
    assert found["requests"][0]["plan"] == [{"task": "tempo", "args": {"delta_percent": 10}}]
    assert found["requests"][2]["ask"]
    assert found["requests"][3]["refuse"]
    assert (found["kinds"]["simple"]["exact"], found["kinds"]["simple"]["wrong"]) == (0.5, 0.5)
    assert found["kinds"]["ambiguous"]["exact"] == 1.0
    assert found["all"]["count"] == 4


def test_what_is_to_be_unlocked_is_locked(tmp_path):
    path = tmp_path / "requests.jsonl"
    expect = [{"task": "unlock", "args": {"attribute": "tempo"}}]
    path.write_text(json.dumps({"text": "unlock the tempo", "expect": expect, "kind": "simple"}))
    assert request_figures(path)["all"]["exact"] == 1.0


def test_a_bundle_is_enlarged_with_notes_that_are_its_own(corpus):
    large = enlarged(corpus, 200)
    assert len(large) == 216
    assert len(set(large.segments["id"].tolist())) == 216
    assert np.array_equal(large.phrase(150).notes, corpus.phrase(150 - 144).notes)
    assert np.array_equal(large.layers_of(150), corpus.layers_of(6))


def test_figures_are_plain_numbers(corpus):
    times = round_times(corpus, repeats=1)
    sessions = session_figures(corpus, sessions=1, rounds=6)
    assert json.loads(json.dumps([times, sessions])) == [times, sessions]
    assert sessions["rounds"] == 6
    assert sessions["drift"] == 0


def test_the_same_seed_gives_the_same_sessions(corpus):
    one, other = (session_figures(corpus, sessions=2, rounds=5, rng=4) for _ in range(2))
    assert one == other


def test_a_round_is_timed_in_a_session_too(corpus):
    times = said_times(corpus, takes=1)
    assert times["rounds"] == len(SPOKEN)
    assert 0 < times["cpu_ms_p50"] <= times["cpu_ms_p99"] <= times["cpu_ms_max"]


def test_requests_are_planned_from_the_command_line(tmp_path, capsys):
    lines = [
        {"text": "faster", "expect": [{"task": "tempo", "args": {"bpm": 110}}], "kind": "simple"},
        {"text": "softer", "expect": [], "kind": "simple"},
    ]
    path = tmp_path / "requests.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    assert main(["bench", "copilot", "--requests", str(path), "--json"]) == 0
    *found, rates = map(json.loads, capsys.readouterr().out.splitlines())
    assert [line["exact"] for line in found] == [True, False]
    assert rates["kinds"]["simple"]["wrong"] == 0.5
    assert main(["bench", "copilot", "--requests", str(path)]) == 0
    assert "not exact: 'softer'" in capsys.readouterr().out


def test_a_file_that_is_no_list_of_requests_is_one_line(tmp_path, capsys):
    path = tmp_path / "requests.jsonl"
    path.write_text("nonsense")
    assert main(["bench", "copilot", "--requests", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
