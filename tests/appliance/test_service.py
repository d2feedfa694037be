"""`smartlooper run` as a service: what it tells its manager, and what it takes from others."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.jack import wait_until
from support.music import make_bundle
from support.service import NO_PORTS, SETTINGS, Running, lives, megabytes, run, status

from appliance.errors import ConfigError
from appliance.finishing import unfinished
from corpus import demo
from corpus.keeping.library import Library

MOST_MB = 250
STOPS_IN_S = 10.0  # what the unit allows; on a machine that does nothing else it takes less than 2


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One that several tests talk to; each leaves it idle."""
    with Running(tmp_path_factory.mktemp("box")) as running:
        running.until_ready()
        yield running
        assert running.process.poll() is None, running.said()


def test_it_says_that_it_is_ready_and_what_it_is_about(box: Running) -> None:
    wait_until(lambda: any("corpus funk" in line for line in box.hear()), "STATUS")
    lines = box.hear()
    assert lines.count("READY=1") == 1
    (line, *_) = [line for line in lines if line.startswith("STATUS=")]
    assert line.startswith("STATUS=idle, corpus funk; without piano")
    assert "\n" not in line


def test_the_watchdog_is_fed(box: Running) -> None:
    fed = len([line for line in box.hear() if line == "WATCHDOG=1"])
    wait_until(lambda: box.hear().count("WATCHDOG=1") >= fed + 3, "the watchdog to be fed")
    times = [at for at, line in box.told if line == "WATCHDOG=1"]
    assert times == sorted(times)


def test_status_for_people_and_for_scripts(box: Running) -> None:
    said = status(box)
    assert (said["state"], said["corpus"], said["segments"]) == ("idle", "funk", 12)
    done = box.run("status")
    assert done.stdout.splitlines()[:2] == ["idle; corpus funk", "missing piano"]


def test_a_recording_from_the_command_line(box: Running) -> None:
    assert box.run("record").returncode == 0
    assert status(box)["state"] == "recording"
    done = box.run("record")  # too soon: nothing was played
    assert done.returncode in (0, 2)
    wait_until(lambda: box.ask("status")["state"] == "idle", "the recording to be over")
    assert not list((box.state / "sessions").glob("*/session.json"))


def test_settings_by_command(box: Running) -> None:
    assert box.run("tempo", "92.5").returncode == 0
    assert status(box)["bpm"] == 92.5
    assert box.run("mark").returncode in (0, 2)


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (["tempo", "900"], "30 to 240"),
        (["tempo", "nan"], "a number of beats"),
        (["tempo", "fast"], "invalid float"),
        (["transpose", "99"], "whole number from"),
        (["transpose", "1.5"], "invalid int"),
        (["use", "polka"], "there is funk, demo"),
        (["use", "x" * 5000], "5000 characters"),
        (["mark", "x" * 5000], "at most 200"),
        (["hold"], "NOTHING PLAYS"),
        (["coda"], "NOTHING PLAYS"),
        (["cancel"], "NOTHING"),
        (["next", "please"], "unrecognized"),
    ],
)
def test_bad_input_is_one_line(box: Running, command: list[str], wanted: str) -> None:
    done = box.run(*command)
    assert done.returncode == 2, done
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("smartlooper")
    assert wanted in done.stderr
    assert done.stdout == ""


def test_a_command_to_no_box_says_so(tmp_path: Path) -> None:
    for command in ("status", "watch", "stop", "hold"):
        done = run(command, "--state", str(tmp_path))
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "no box answers" in done.stderr


def test_a_second_box_is_told_of_the_first(box: Running) -> None:
    done = box.run("run", "--config", str(box.config))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "a box is running there already" in done.stderr


def test_watch_follows_in_lines_where_there_is_no_terminal(box: Running) -> None:
    command = [sys.executable, "-m", "appliance", "watch", "--state", str(box.state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("idle")
        box.ask("record")
        assert watching.stdout.readline().startswith("recording")
        box.ask("discard")
        assert watching.stdout.readline().startswith("idle")
        watching.terminate()  # as Ctrl-C does, which a test run in the background ignores
        assert watching.wait(30) == 0


def test_an_upload_is_played_and_the_way_back(box: Running) -> None:
    inbox = box.state / "inbox"
    (inbox / "monday.mid").write_bytes(demo.recordings()[0].read_bytes())
    wait_until(lambda: box.ask("status")["corpus"] == "monday", "the upload to be played")
    assert "Corpus monday: " in (inbox / "monday.mid.REPORT.txt").read_text()
    done = box.run("corpus", "list", "--json")
    assert [(one["name"], one["current"]) for one in json.loads(done.stdout)] == [
        ("monday", True), ("funk", False),
    ]  # fmt: skip
    done = box.run("use", "funk")
    assert (done.returncode, done.stdout) == (
        0,
        "funk is checked, and played from the next take on\n",
    )
    wait_until(lambda: box.ask("status")["corpus"] == "funk", "the corpus before")


def test_settings_are_read_again(box: Running) -> None:
    ready = box.hear().count("READY=1")
    box.config.write_text(SETTINGS + "[footswitch]\nlock = true\nsources = ['usb']\n")
    box.process.send_signal(signal.SIGHUP)
    box.until_ready(ready + 1)
    assert any(line.startswith("RELOADING=1\nMONOTONIC_USEC=") for line in box.hear())
    said = box.said()
    assert "settings read again: footswitch.lock taken over" in said
    assert "needs a restart of the box: footswitch.sources" in said
    box.config.write_text("tempo = fast")
    box.process.send_signal(signal.SIGHUP)
    box.until_ready(ready + 2)
    assert "settings stay as they were: " in box.said()
    assert status(box)["state"] == "idle"


def test_it_needs_little_memory(box: Running) -> None:
    family = box.family()
    assert len(family) >= 4  # itself, the player, a worker, the keeper
    assert megabytes(family) < MOST_MB


def test_the_doctor_asks_the_box(box: Running) -> None:
    done = box.run("doctor", "--json")
    assert done.returncode in (0, 1)
    found = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert found["box"]["found"].startswith("runs, idle")
    assert found["corpora"]["found"].endswith("sound")
    assert found["inbox"]["state"] == "ok"
    assert {"config", "screen", "footswitch", "sessions"} <= set(found)


def test_a_command_is_told_only_what_came_of_it(box: Running) -> None:
    assert box.ask("record")["state"] == "recording"
    assert box.ask("mark")["notice"] == "MARKED"
    assert box.ask("discard")["notice"] == "DISCARDED"
    assert box.ask("tempo", bpm=92.5)["notice"] == ""


# -- each with a box of its own ------------------------------------------------------------------


@pytest.mark.parametrize("all_are_told", [False, True])
def test_told_to_stop_it_is_gone_at_once_with_all_that_is_its_own(
    tmp_path: Path, all_are_told: bool
) -> None:
    """systemd tells every process; somebody at a terminal may tell only this one."""
    with Running(tmp_path / "box") as running:
        running.until_ready()
        family = running.family()
        running.ask("record")
        for pid in family[1:] if all_are_told else ():
            os.kill(pid, signal.SIGTERM)
        assert running.stop() < STOPS_IN_S
        assert running.process.returncode == 0
        assert "STOPPING=1" in running.hear()
        wait_until(lambda: not any(map(lives, family)), "its processes to end")
        assert not (running.state / "control.sock").exists()
        assert "Traceback" not in running.said()


HANGS = """
import sys, time
from appliance.box import Box
from appliance.cli import main

turn = Box.turn

def hang_when_told(box):
    turn(box)
    if box.session.state == "recording":
        time.sleep(600)

Box.turn = hang_when_told
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def test_a_loop_that_hangs_feeds_no_watchdog(tmp_path: Path) -> None:
    """Its other threads live, and its player process does: the manager must see it all the same."""
    script = tmp_path / "hangs.py"
    script.write_text(HANGS)
    with Running(tmp_path / "box", program=[str(script)]) as running:
        running.until_ready()
        fed = running.hear().count("WATCHDOG=1")
        wait_until(lambda: running.hear().count("WATCHDOG=1") > fed, "the watchdog to be fed")
        running.ask("record")
        time.sleep(0.3)  # what was on its way
        fed, threads = running.hear().count("WATCHDOG=1"), Path(f"/proc/{running.process.pid}/task")
        time.sleep(1.5)  # three times as long as it would take
        assert running.hear().count("WATCHDOG=1") == fed
        assert len(list(threads.iterdir())) > 1


def test_killed_it_leaves_nothing_behind_and_starts_again(tmp_path: Path) -> None:
    state = tmp_path / "box"
    with Running(state) as running:
        running.until_ready()
        family = running.family()
        running.ask("record")
        running.stop(signal.SIGKILL)
        wait_until(lambda: not any(map(lives, family)), "its processes to end")
        assert (state / "control.sock").exists()
    with Running(state) as running:
        running.until_ready()
        assert status(running)["state"] == "idle"
        assert running.stop() < STOPS_IN_S


def test_a_damaged_corpus_is_refused_in_words(tmp_path: Path) -> None:
    library = Library(tmp_path / "box" / "corpora")
    for name in ("waltz", "funk"):
        make_bundle(library.place(name))
        library.use(name)
    (library.place("funk") / "notes.npy").write_bytes(b"rubbish")
    with Running(tmp_path / "box") as running:
        running.until_ready()
        assert status(running)["corpus"] == "waltz"
        assert "corpus funk: " in running.said()
        assert "notes.npy" in running.said()


def test_a_shutdown_by_foot_runs_the_command(tmp_path: Path) -> None:
    off = tmp_path / "off"
    settings = f"power_off = \"touch '{off}'\"\n{SETTINGS}"
    with Running(tmp_path / "box", settings) as running:
        running.until_ready()
        running.ask("shutdown")
        assert running.process.wait(30) == 0
        assert off.exists()


def test_a_shutdown_that_cannot_be_done_is_said(tmp_path: Path) -> None:
    with Running(tmp_path / "box", f"power_off = '/nowhere/at/all'\n{SETTINGS}") as running:
        running.until_ready()
        running.ask("shutdown")
        assert running.process.wait(30) == 0
        assert "the machine could not be shut down" in running.said()


def test_the_last_seed_outlives_the_box(tmp_path: Path) -> None:
    take = tmp_path / "box" / "sessions" / "20240101-120000"
    assert run("demo", "--fast", "--loops", "3", "--out", str(take)).returncode == 0
    (tmp_path / "box" / "sessions" / "20240102-120000").mkdir()
    (tmp_path / "box" / "sessions" / "20240102-120000" / "events.jsonl").touch()
    with Running(tmp_path / "box") as running:
        running.until_ready()

        def replayed() -> bool:
            try:
                running.ask("replay")
            except ConfigError:  # not read yet
                return False
            return True

        wait_until(replayed, "the seed to be known")
        assert running.ask("status")["state"] == "warmup"
        assert running.stop() < STOPS_IN_S
    sessions = tmp_path / "box" / "sessions"
    assert len(list(sessions.glob("*/session.json"))) == 2
    wait_until(lambda: not unfinished(sessions), "what it left to be finished")


def test_what_a_power_cut_left_is_finished_at_the_next_start(tmp_path: Path) -> None:
    take = tmp_path / "box" / "sessions" / "20240101-120000"
    assert run("demo", "--fast", "--loops", "3", "--out", str(take)).returncode == 0
    made = (take / "performance.mid").read_bytes()
    for name in ("performance.mid", "stage.png"):
        (take / name).unlink()
    with Running(tmp_path / "box") as running:
        running.until_ready()
        wait_until((take / "stage.png").exists, "the session to be finished")
    assert (take / "performance.mid").read_bytes() == made


def test_everything_is_kept_under_one_folder(tmp_path: Path) -> None:
    with Running(tmp_path / "box") as running:
        running.until_ready()
        there = {path.name for path in running.state.iterdir()}
    assert there <= {
        "config.toml", "log.txt", "notify", "control.sock", "inbox", "corpora", "uploads.json",
        "cache", "sessions",
    }  # fmt: skip
    assert {"control.sock", "inbox"} <= there
    assert not NO_PORTS.keys() & there
