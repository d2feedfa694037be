"""How late messages leave: our player beside its working box, mido's loop, and cyclictest.

They take turns in one run, idle and under load, several times over; what is reported is the median
over the repeats. No port is opened, so what is measured is the sender. cyclictest (rt-tests) shows
what the machine itself can do.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from appliance.bench.load import busy_machine, importing
from appliance.box import Box, Hardware
from appliance.demo import SCREEN_FILM, demo_bundle
from appliance.events import Timed
from appliance.pianist import Pianist
from appliance.policies import make_policy
from appliance.session import Session, Settings
from corpus import demo as demo_corpus
from corpus.reading.midifile import read_phrase

WIRE_BYTE_US = 320  # one byte on a DIN wire
OURS, MIDO, CYCLICTEST = "ours", "mido", "cyclictest"
SENT = "SENT"  # of the outcomes that the player knows
AHEAD_NS = 600_000_000
SETTLE_NS = 2_000_000_000
GIVE_UP_NS = 10_000_000_000  # after the last message was due
_FIRST_SEQ = 1 << 31  # the bench's messages, above any of the session
_PRIORITY = 80

Lateness = Any  # microseconds, one a message
Load = Callable[[], AbstractContextManager[None]]
"""What the machine is to do beside, while the messages are sent."""

CONDITIONS: dict[str, Load] = {"idle": nullcontext, "load": busy_machine}

_MIDO = """
import json, sys, time
import mido
count, interval = int(sys.argv[1]), float(sys.argv[2])
track = mido.MidiTrack([
    mido.Message("note_on" if i % 2 == 0 else "note_off", note=60, time=round(interval * 960))
    for i in range(count)])
file = mido.MidiFile(ticks_per_beat=480)  # at 120 BPM: 960 ticks a second
file.tracks.append(track)
late, start = [], time.monotonic()
for number, message in enumerate(file.play(), 1):
    message.bytes()
    late.append((time.monotonic() - start - number * round(interval * 960) / 960) * 1e6)
print(json.dumps(late))
"""


@dataclass(frozen=True)
class Plan:
    """How much to measure: `messages` every `interval` seconds, `repeats` times each way."""

    messages: int = 1500
    interval: float = 0.01
    repeats: int = 3

    @property
    def longest_us(self) -> float:
        """How late a message can be and still be waited for, microseconds."""
        return self.messages * self.interval * 1e6 + GIVE_UP_NS / 1000


def run(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """The figures, as the command prints them with --json."""
    peers: dict[str, Callable[[Plan, Load], Lateness]] = {OURS: _ours, MIDO: _mido}
    if shutil.which("cyclictest"):
        peers[CYCLICTEST] = _cyclictest
    figures: dict[str, dict[str, list[dict[str, float]]]] = {}
    for repeat in range(plan.repeats):
        for condition, load in CONDITIONS.items():
            for name, measure in peers.items():
                found = summary(measure(plan, load), plan)
                figures.setdefault(condition, {}).setdefault(name, []).append(found)
                say(f"{repeat + 1}/{plan.repeats} {condition} {name}: {_line(found)}")
    return _result(figures)


def summary(late: Lateness, plan: Plan) -> dict[str, float]:
    """Percentiles in microseconds, and the shares later than a wire byte and a millisecond.

    Of the messages planned, `lost` never left, or nobody said so. They count as later than any
    that did: by as much as the whole run took.
    """
    late = np.maximum(np.asarray(late, float), 0.0)
    lost = max(0, plan.messages - len(late))
    late = np.append(late, np.full(lost, plan.longest_us))
    p50, p99, p999 = np.quantile(late, [0.5, 0.99, 0.999], method="inverted_cdf")
    return {
        "p50_us": float(p50),
        "p99_us": float(p99),
        "p999_us": float(p999),
        "max_us": float(late.max()),
        "over_320us": float((late > WIRE_BYTE_US).mean()),
        "over_1ms": float((late > 1000).mean()),
        "lost": float(lost),
    }


def _result(figures: dict[str, dict[str, list[dict[str, float]]]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for condition, peers in figures.items():
        result[condition] = dict.fromkeys((OURS, MIDO, CYCLICTEST))
        for name, repeats in peers.items():
            result[condition][name] = {
                key: round(float(np.median([one[key] for one in repeats])), 6) for key in repeats[0]
            }
            result[condition][name]["lost"] = sum(round(one["lost"]) for one in repeats)
    for peer in (MIDO, CYCLICTEST):
        ours, theirs = result["load"][OURS], result["load"][peer]
        ratio = ours["p999_us"] / theirs["p999_us"] if theirs and theirs["p999_us"] else None
        result[f"p999_ratio_{peer}"] = None if ratio is None else round(ratio, 4)
    return result


def _line(found: dict[str, float]) -> str:
    return (
        f"p50 {found['p50_us']:.0f}, p99 {found['p99_us']:.0f}, p99.9 {found['p999_us']:.0f},"
        f" max {found['max_us']:.0f} us, {found['over_320us']:.2%} over {WIRE_BYTE_US} us,"
        f" {found['lost']:.0f} lost"
    )


# -- ours -----------------------------------------------------------------------------------------


class _Tapped:
    """A player that the box uses, and the bench beside it."""

    def __init__(self, player: Any) -> None:
        self._player = player
        self._for_box: deque[Any] = deque()
        self.late: list[float] = []
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._player, name)

    def reports(self) -> list[Any]:
        """The box's own; those of the bench are kept here, in microseconds."""
        mine = []
        for report in self._player.reports():
            if report.seq < _FIRST_SEQ:
                mine.append(report)
            elif report.outcome.name == SENT:
                self.late.append((report.at - report.due) / 1000)
            else:
                self.refused += 1
        return mine

    @property
    def settled(self) -> int:
        """How many of the bench's messages left, or will not."""
        return len(self.late) + self.refused


def _ours(plan: Plan, load: Load) -> Lateness:
    """A whole session goes on in this process, an import in another; the bench's notes between."""
    with tempfile.TemporaryDirectory(prefix="smartlooper-bench-") as folder, importing():
        hardware = Hardware.rehearsal(Path(folder) / SCREEN_FILM)
        player = _Tapped(hardware.engine)
        hardware.player.inner = cast(Any, player)
        bundle = demo_bundle()
        session = Session(Settings(), bundle, make_policy("groove"))
        box = Box(session, bundle, hardware, lambda: Path(folder) / "take")
        try:
            with load(), box.going_first():
                _play_session(box, hardware, player, plan)
        finally:
            box.close()
        return player.late


def _play_session(box: Box, hardware: Hardware, player: _Tapped, plan: Plan) -> None:
    assert hardware.keyboard is not None
    clock = hardware.clock
    begin = clock.now() + SETTLE_NS
    pianist = Pianist(
        seed=read_phrase(demo_corpus.FOLDER / "seeds" / "funk.mid"),
        solo=read_phrase(demo_corpus.SOLO),
        loops=1 << 30,
        start=clock.now(),
        tap=box.tap,
        play=hardware.keyboard.play,
        end=lambda: None,
    )
    waiting = deque(_stream(plan, begin))
    give_up = begin + round(plan.messages * plan.interval * 1e9) + GIVE_UP_NS
    while player.settled < plan.messages and clock.now() < give_up:
        box.wait(pianist.next_time)
        now = clock.now()
        due = []
        while waiting and waiting[0].due < now + AHEAD_NS:
            due.append(waiting.popleft())
        player.schedule(due)
        playing = box.session.playing
        pianist.act(now, playing.situation if playing else None)
        box.turn()


def _stream(plan: Plan, begin: int) -> Iterable[Timed]:
    """Note-ons and note-offs on a channel of their own, `interval` apart."""
    step = round(plan.interval * 1e9)
    for number in range(plan.messages):
        status = 0x9F if number % 2 == 0 else 0x8F
        note = _FIRST_SEQ + number // 2
        yield Timed(begin + number * step, _FIRST_SEQ + number, note, bytes((status, 60, 64)))


# -- the others -----------------------------------------------------------------------------------


def _mido(plan: Plan, load: Load) -> Lateness:
    arguments = [sys.executable, "-c", _MIDO, str(plan.messages), str(plan.interval)]
    with load():
        done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def _cyclictest(plan: Plan, load: Load) -> Lateness:
    microseconds = round(plan.interval * 1e6)
    arguments = ["cyclictest", "-q", "-m", "-t1", f"-p{_PRIORITY}", f"-i{microseconds}"]
    arguments += [f"-l{plan.messages}", "-h", "100000"]
    with load():
        done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    late: list[int] = []
    for value, count in re.findall(r"^(\d+)\s+(\d+)\s*$", done.stdout, re.MULTILINE):
        late += [int(value)] * int(count)
    # What is too late for the histogram is told only by its number, and the worst of it.
    beyond = re.search(r"Histogram Overflows:\s*(\d+)", done.stdout)
    worst = re.search(r"Max Latencies:\s*(\d+)", done.stdout)
    return late + [int(worst[1])] * int(beyond[1]) if beyond and worst else late
