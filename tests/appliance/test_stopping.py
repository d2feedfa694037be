"""A build that is told to stop says so in one line, and the next one goes on from there."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.cli import main
from appliance.cli.corpus import stoppable
from corpus import demo

# Tells its own process to stop when the main thread calls a function for the nth time: inside of
# the locks of the standard library, where an error would leave them in a state of their own.
CHILD = """
import os, signal, sys
from appliance.cli import main

if __name__ == "__main__":
    wanted, left = sys.argv[1], int(sys.argv[2])

    def profile(frame, event, argument):
        global left
        if event == "call" and frame.f_code.co_qualname == wanted:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGTERM)

    sys.setprofile(profile)
    sys.exit(main(sys.argv[3:]))
"""


def build(folder: Path, jobs: int) -> list[str]:
    takes = [str(take) for take in demo.recordings()[:2]]
    out, cache = str(folder / "out"), str(folder / "cache")
    return ["corpus", "build", *takes, "--out", out, "--cache", cache, "--jobs", str(jobs)]


@pytest.mark.parametrize(
    ("moment", "count"),
    [("Condition._acquire_restore", 1), ("Condition.__exit__", 5), ("Cache.put", 2)],
)
def test_a_build_that_is_told_to_stop_ends_in_one_line(
    tmp_path: Path, moment: str, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "child.py").write_text(CHILD)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "child.py"), moment, str(count), *build(tmp_path, 2)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        timeout=120,
        check=False,
    )
    assert done.stderr == "smartlooper: stopped; what is done is kept, build again to go on\n"
    assert done.returncode == 128 + signal.SIGINT
    assert not (tmp_path / "out").exists()
    assert main(build(tmp_path, 1)) == 0
    assert "2 tracks" in capsys.readouterr().out
    assert main(["corpus", "verify", str(tmp_path / "out")]) == 0


def test_the_second_time_is_at_once_and_the_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stoppable() as check:
        check()
        signal.raise_signal(signal.SIGTERM)  # does nothing yet
        with pytest.raises(KeyboardInterrupt):
            check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before
