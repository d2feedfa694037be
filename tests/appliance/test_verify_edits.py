"""Provenance with edits is derived again, not believed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.stage import Stage

from appliance.session import Settings
from appliance.verify import VerificationError, verify_session
from corpus.keeping.bundle import Bundle

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def folder(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    stage = Stage(bundle, Settings(rng=3, vary=1.0, warmup_loops=7))
    stage.record()
    stage.run(25)
    stage.command("transpose", 2)
    stage.run(8)
    stage.command("coda")
    stage.run(12)
    assert stage.session.state == "idle"
    return stage.write_folder(tmp_path_factory.mktemp("edits") / "take")


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "provenance.jsonl").read_text().splitlines()]


def tampered(folder: Path, out: Path, number: int, change: Change) -> Path:
    loops = lines(folder)
    change(loops[number])
    out.mkdir()
    for file in folder.iterdir():
        (out / file.name).write_bytes(file.read_bytes())
    (out / "provenance.jsonl").write_text("".join(json.dumps(line) + "\n" for line in loops))
    return out


def test_a_session_of_edits_holds_together(folder: Path, bundle: Bundle) -> None:
    loops = lines(folder)
    made = {edit["edit"] for line in loops for edit in line["edits"]}
    assert made == {"thin", "order", "coda"}
    assert loops[-1]["edits"] == [{"edit": "coda"}]
    assert loops[-1]["live_transpose"] == 2
    assert verify_session(folder, bundle).loops == len(loops)


def edited_with(name: str, folder: Path) -> int:
    return next(
        n for n, line in enumerate(lines(folder)) for edit in line["edits"] if edit["edit"] == name
    )


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("thin", lambda line: line.update(edits=[])),
        ("thin", lambda line: line["edits"][0].update(share=1.0)),
        ("thin", lambda line: line["edits"][0].update(share="all")),
        ("order", lambda line: line.update(edits=[])),
        ("order", lambda line: line["edits"][0]["beats"].reverse()),
        ("order", lambda line: line["edits"][0]["beats"].pop()),
        ("order", lambda line: line.update(edits=[{"edit": "invent"}])),
        ("order", lambda line: line.update(edits=["order"])),
        ("order", lambda line: line.update(rotate_beats=1.0)),
        ("order", lambda line: line.update(rotate_beats=-1.0)),
        ("coda", lambda line: line.update(edits=[])),
        ("coda", lambda line: line.update(transpose=line["transpose"] + 1)),
        ("coda", lambda line: line.update(beats=8.0)),
    ],
)
def test_an_edit_that_was_not_made_so_is_found(
    folder: Path, bundle: Bundle, tmp_path: Path, name: str, change: Change
) -> None:
    number = edited_with(name, folder)
    with pytest.raises(VerificationError):
        verify_session(tampered(folder, tmp_path / "bad", number, change), bundle)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.update(edits=[{"edit": "thin", "share": 0.0}]),
        lambda line: line.update(transpose=12),
        lambda line: line.update(rotate_beats=4.0),
    ],
)
def test_the_first_loop_is_the_seed_as_it_was_played(
    folder: Path, bundle: Bundle, tmp_path: Path, change: Change
) -> None:
    with pytest.raises(VerificationError, match="the seed as it was played"):
        verify_session(tampered(folder, tmp_path / "bad", 0, change), bundle)
