"""When an upload is there: after a quiet period, and once."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.uploads.arrivals import REPORT, Arrivals, report_for

QUIET = 10


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def names(arrivals: Arrivals, now: int) -> list[str]:
    return [upload.name for upload in arrivals.look(now)]


def test_a_file_is_there_when_it_was_left_alone(inbox: Path) -> None:
    arrivals = Arrivals(inbox, QUIET, {})
    assert names(arrivals, 0) == []
    assert not arrivals.waits
    (inbox / "a.mid").write_bytes(b"12")
    assert names(arrivals, 1) == []
    assert arrivals.waits
    (inbox / "a.mid").write_bytes(b"1234")
    assert names(arrivals, 9) == []
    assert names(arrivals, 18) == []
    (upload,) = arrivals.look(19)
    assert (upload.name, upload.path) == ("a.mid", inbox / "a.mid")
    assert names(arrivals, 20) == ["a.mid"], "until it was dealt with"
    arrivals.settle(upload)
    assert names(arrivals, 40) == []
    assert not arrivals.waits


def test_a_file_deep_in_a_folder_counts(inbox: Path) -> None:
    arrivals = Arrivals(inbox, QUIET, {})
    deep = inbox / "takes" / "monday"
    deep.mkdir(parents=True)
    names(arrivals, 0)
    (deep / "a.mid").write_bytes(b"1")
    assert names(arrivals, 10) == []
    os.utime(deep / "a.mid", ns=(1, 1))  # the same size, written again
    assert names(arrivals, 20) == []
    assert names(arrivals, 30) == ["takes"]


def test_what_only_its_owner_may_read_is_closed_until_it_is_opened_or_dealt_with(
    inbox: Path,
) -> None:
    arrivals = Arrivals(inbox, QUIET, {})
    take = inbox / "takes" / "a.mid"
    take.parent.mkdir()
    take.parent.chmod(0o750)
    take.write_bytes(b"1")
    for mode, closed in ((0o640, False), (0o600, True), (0o660, False), (0o600, True)):
        take.chmod(mode)
        names(arrivals, 0)
        assert arrivals.closed is closed
    arrivals.settle(arrivals.look(10)[0])
    assert not arrivals.closed


def test_what_was_dealt_with_is_known_after_a_restart_until_it_changes(inbox: Path) -> None:
    (inbox / "a.mid").write_bytes(b"1")
    arrivals = Arrivals(inbox, QUIET, {})
    names(arrivals, 0)
    arrivals.settle(arrivals.look(10)[0])
    again = Arrivals(inbox, QUIET, arrivals.done)
    assert names(again, 0) == names(again, 100) == []
    (inbox / "a.mid").write_bytes(b"other")
    assert names(again, 110) == []
    assert names(again, 120) == ["a.mid"]


def test_what_has_gone_is_forgotten(inbox: Path) -> None:
    (inbox / "a.mid").write_bytes(b"1")
    arrivals = Arrivals(inbox, QUIET, {"gone": "x"})
    names(arrivals, 0)
    arrivals.settle(arrivals.look(10)[0])
    assert list(arrivals.done) == ["a.mid"]
    (inbox / "a.mid").unlink()
    assert names(arrivals, 20) == []
    assert arrivals.done == {}


def test_reports_hidden_files_and_links_are_no_uploads(inbox: Path) -> None:
    folder = inbox / "takes"
    folder.mkdir()
    (folder / "a.mid").write_bytes(b"1")
    arrivals = Arrivals(inbox, QUIET, {})
    names(arrivals, 0)
    upload = arrivals.look(10)[0]
    arrivals.settle(upload)
    report_for(upload.path).write_text("well")
    (inbox / "b.zip.REPORT.txt").write_text("well")
    (inbox / ".a.mid.xYz").write_bytes(b"a part")
    (inbox / "link").symlink_to("/")
    assert names(arrivals, 20) == names(arrivals, 40) == []
    assert not arrivals.waits


def test_the_report_is_in_the_folder_or_beside_the_file(inbox: Path) -> None:
    (inbox / "takes").mkdir()
    (inbox / "a.zip").write_bytes(b"")
    assert report_for(inbox / "takes") == inbox / "takes" / REPORT
    assert report_for(inbox / "a.zip") == inbox / "a.zip.REPORT.txt"


def test_without_an_inbox_nothing_comes(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path / "none", QUIET, {})
    assert names(arrivals, 0) == []


def test_a_name_that_is_no_text_is_looked_at_too(inbox: Path) -> None:
    with open(os.fsencode(inbox) + b"/caf\xe9.mid", "wb") as file:
        file.write(b"1")
    arrivals = Arrivals(inbox, QUIET, {})
    names(arrivals, 0)
    assert len(arrivals.look(10)) == 1


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=25))
def test_it_is_told_of_exactly_when_it_was_quiet_for_long_enough(tmp_path_factory, steps) -> None:
    inbox = tmp_path_factory.mktemp("inbox")
    arrivals = Arrivals(inbox, QUIET, {})
    now, changed, size = 0, None, 0
    for wait, changes in steps:
        now += wait
        if changes:
            size += 1
            (inbox / "a.mid").write_bytes(b"1" * size)
            changed = now
        quiet = changed is not None and now - changed >= QUIET
        assert names(arrivals, now) == (["a.mid"] if quiet else [])
