"""The doctor's look at the box's own affairs, where no box runs."""

from pathlib import Path

import pytest
from support.music import make_bundle
from support.service import run

from appliance import checkup
from appliance.config import Config, parse
from appliance.errors import ConfigError
from appliance.folder import EVENTS
from appliance.places import Places, places
from corpus.keeping.library import Library


@pytest.fixture
def where(tmp_path: Path) -> Places:
    return places(Config(), tmp_path)


def states(config: Config, where: Places) -> dict[str, str]:
    return {finding.name: finding.state for finding in checkup.check_up(config, where)}


def test_where_nothing_was_ever_done(where: Places) -> None:
    assert states(Config(), where) == {
        "box": "warning", "corpora": "ok", "inbox": "warning", "sessions": "ok",
    }  # fmt: skip


def test_everything_moves_with_the_state() -> None:
    here = places(Config())
    assert here.control == Path("/run/smartlooper/control.sock")
    assert here.inbox == Path("/srv/smartlooper/inbox")
    assert here.corpora == Path("/var/lib/smartlooper/corpora")
    moved = places(Config(), Path("/x"))
    assert all(path.is_relative_to("/x") for path in vars(moved).values())
    config = parse("state = '/y'\n[uploads]\ninbox = ''\n[control]\nsocket = '/z/s'\n")
    assert places(config).inbox is None
    assert places(config).sessions == Path("/y/sessions")
    assert places(config).control == Path("/z/s")
    assert places(config, Path("/x")).inbox is None


def test_a_damaged_corpus_is_a_fault_with_a_cure(where: Places) -> None:
    library = Library(where.corpora)
    make_bundle(library.place("funk"))
    library.use("funk")
    assert checkup.corpora(Config(), where).found == "funk, 12 segments, sound"
    (library.place("funk") / "notes.npy").write_bytes(b"rubbish")
    finding = checkup.corpora(Config(), where)
    assert finding.state == "fault"
    assert "notes.npy" in finding.found
    assert "smartlooper use" in finding.cure
    given = parse(f"corpus = '{where.corpora / 'funk'}'")
    assert checkup.corpora(given, where).state == "fault"


def test_the_inbox_and_the_sessions_are_counted(where: Places) -> None:
    assert where.inbox is not None
    where.inbox.mkdir()
    for name in ("a.zip", "a.zip.REPORT.txt", ".hidden"):
        (where.inbox / name).touch()
    assert checkup.inbox(Config(), where).found == f"{where.inbox}, 1 uploads in it"
    folder = where.sessions / "20240101-120000"
    folder.mkdir(parents=True)
    (folder / EVENTS).write_bytes(b"x" * 3_000_000)
    assert checkup.sessions(Config(), where).found == "1, 3 MB of 2000 MB"


def test_a_socket_that_nobody_answers_is_a_fault(where: Places) -> None:
    where.control.touch()
    assert checkup.box(Config(), where).state == "fault"


def test_a_configuration_that_is_wrong_is_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("tempo = 900")
    config, finding = checkup.read_as_found(file)
    assert config == Config()
    assert finding.state == "fault"
    assert "tempo = 900" in finding.found
    with pytest.raises(ConfigError, match="no such file"):
        checkup.read_as_found(tmp_path / "none.toml")
    done = run("doctor", "--config", str(file), "--state", str(tmp_path))
    assert done.returncode == 1
    assert "fault    config: " in done.stdout


def test_sessions_are_listed_newest_first(where: Places) -> None:
    assert "no sessions" in run("session", "list", "--state", str(where.sessions.parent)).stdout
    assert run("demo", "--fast", "--loops", "4", "--out", str(where.sessions / "20240101-120000"))
    broken = where.sessions / "20240102-120000"
    broken.mkdir()
    (broken / EVENTS).touch()
    first, second = run(
        "session", "list", "--state", str(where.sessions.parent)
    ).stdout.splitlines()
    assert first.startswith("20240102-120000  0.0 MB  nothing was played")
    assert second.startswith("20240101-120000  ")
    assert "4 loops, " in second
    assert second.endswith(" BPM")
