"""Progress on a terminal and in a file, with the time that is left."""

import io

from appliance.progress import ProgressLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_where_nobody_watches() -> None:
    stream = io.StringIO()
    with ProgressLine(stream, clock=lambda: 0.0) as progress:
        for done in range(101):
            progress("reading", done, 100)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "reading 0 of 100"
    assert lines[-1] == "reading 100 of 100"
    assert len(lines) == 11


def test_the_time_left_follows_the_pace_of_this_kind_of_work() -> None:
    now = 0.0
    stream = Terminal()
    progress = ProgressLine(stream, clock=lambda: now)
    progress("reading", 0, 10)
    now = 3.0
    progress("reading", 1, 10)
    assert "reading 1 of 10, 0:27 left" in stream.getvalue()
    progress("comparing", 50, 200)
    assert stream.getvalue().endswith("\rcomparing 50 of 200\x1b[K")
    now = 63.0
    progress("comparing", 100, 200)
    assert stream.getvalue().endswith("\rcomparing 100 of 200, 2:00 left\x1b[K")


def test_done_has_no_time_left() -> None:
    now = 0.0
    stream = Terminal()
    progress = ProgressLine(stream, clock=lambda: now)
    progress("reading", 0, 2)
    now = 9.0
    progress("reading", 2, 2)
    assert "left" not in stream.getvalue()
