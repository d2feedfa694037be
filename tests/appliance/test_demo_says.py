"""The demo can be talked to: the same words at the same loops play the same session."""

import json
from pathlib import Path

import pytest

from appliance.demo import Demo, play
from appliance.errors import ConfigError
from appliance.verify import verify_session
from corpus.keeping.bundle import Bundle

SAYS = ("6: undo", "4: up two semitones")


def told(bundle: Bundle, out: Path) -> list[str]:
    lines: list[str] = []
    play(Demo(corpus=bundle.path, loops=8, fast=True, out=out, says=SAYS), lines.append)
    return lines


def test_what_is_said_at_a_loop_is_heard_from_the_next(bundle: Bundle, tmp_path: Path) -> None:
    lines = told(bundle, tmp_path / "one")
    talk = [line for line in lines if line.startswith(("you:", "loop:"))]
    assert [line.split(" (")[0] for line in talk][::2] == ["you: up two semitones", "you: undo"]
    assert talk[1].startswith("loop: +2 semitones")
    text = (tmp_path / "one" / "provenance.jsonl").read_text()
    edits = [json.loads(line)["edits"] for line in text.splitlines()]
    said = [any(edit.get("op") == "transpose" for edit in found) for found in edits]
    assert not any(said[:4])
    assert said[4]
    assert not any(said[6:])
    assert verify_session(tmp_path / "one", bundle).rounds == 2


def test_the_same_words_play_the_same_session(bundle: Bundle, tmp_path: Path) -> None:
    one, other = told(bundle, tmp_path / "one"), told(bundle, tmp_path / "two")
    assert one == other
    for name in ("performance.mid", "rounds.jsonl", "table.json", "provenance.jsonl"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_was_never_said_is_told(bundle: Bundle, tmp_path: Path) -> None:
    lines: list[str] = []
    play(Demo(corpus=bundle.path, loops=2, fast=True, out=tmp_path, says=("40: up",)), lines.append)
    assert "not said: up (the session was over before loop 40)" in lines


@pytest.mark.parametrize("text", ["calmer", "0: calmer", "x: calmer", "-1: calmer", "4:", "4:  "])
def test_a_loop_and_words_are_wanted(text: str) -> None:
    with pytest.raises(ConfigError, match="a loop and words"):
        play(Demo(fast=True, says=(text,)), lambda line: None)
