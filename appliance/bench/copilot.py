"""The copilot measured: what the offline grammar makes of requests, what holds over many random
sessions, and how long a round takes."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from appliance.copilot.answers import Answer, Step
from appliance.copilot.loop import Base, State
from appliance.copilot.measure import measure
from appliance.copilot.offline import ready, understand
from appliance.copilot.planning import canonical_plan, start_situation
from appliance.copilot.registry import task_named, tasks
from appliance.copilot.rounds import Copilot, replayed, standing_faults
from appliance.copilot.schema import Arg
from appliance.copilot.shelf import Shelf
from appliance.copilot.table import Table
from appliance.errors import ConfigError
from appliance.events import MidiIn, Said, Tap, Tick
from appliance.policies import Groove
from appliance.session import Session
from appliance.settings import Settings
from corpus.keeping.bundle import Bundle

ROUNDS = 12
FOLLOW_CHANCE = 0.3  # that the groove moves on by itself after a round
SPOKEN = (
    "a bit softer", "much faster", "up two semitones", "vary it", "redo bar 2", "drop the bass",
    "add some echo", "add a high layer", "calmer", "something sparse", "undo", "lock the key",
    "make it swing", "sparser", "denser", "humanise it", "status",
)  # fmt: skip
"""What is timed: one round of each kind of work."""

Say = Callable[[str], None]


# -- requests --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """One line of a file of requests."""

    text: str
    expect: tuple[Mapping[str, Any], ...]
    kind: str


def read_requests(path: Path) -> list[Request]:
    """ConfigError names the line that is no request."""
    found: list[Request] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); give a file of JSON lines") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            found.append(_request(path, number, line))
    return found


def _request(path: Path, number: int, line: str) -> Request:
    try:
        said = json.loads(line)
        text, expect = said["text"], tuple(said.get("expect") or ())
        if not isinstance(text, str) or not all(isinstance(one, dict) for one in expect):
            raise ValueError("text is a string, expect a list of objects")
        return Request(text, expect, str(said.get("kind", "")))
    except (ValueError, KeyError, TypeError) as error:
        wanted = '{"text", "expect": [{"task", "args"}], "kind"}'
        raise ConfigError(f"{path}: line {number} is not {wanted}: {error}") from error


def planned(request: Request) -> dict[str, Any]:
    """The request with its plan, question or refusal; `exact` and `wrong` against what was
    expected. A wrong edit is one that was not asked for: a plan that changes something and is not
    the expected one."""
    began = perf_counter()
    answer = understand(request.text, start_situation(request.expect))
    took = (perf_counter() - began) * 1e3
    plan = [step.json() for step in answer.plan]
    exact = canonical_plan(plan) == canonical_plan(request.expect)
    return {
        "text": request.text,
        "kind": request.kind,
        **answer.json(),
        "expect": list(request.expect),
        "exact": exact,
        "wrong": not exact and _edits(answer),
        "ms": round(took, 3),
    }


def _edits(answer: Answer) -> bool:
    return any(not task_named(step.task).reads_only for step in answer.plan)


def request_figures(path: Path) -> dict[str, Any]:
    """Every line planned, and exact-plan and wrong-edit rates by kind."""
    ready()
    lines = [planned(request) for request in read_requests(path)]
    kinds = dict.fromkeys(line["kind"] for line in lines)
    rates = {kind: _rates([line for line in lines if line["kind"] == kind]) for kind in kinds}
    return {"requests": lines, "kinds": rates, "all": _rates(lines)}


def request_lines(path: Path) -> list[str]:
    """The figures of a file of requests as JSON lines: one a request, then the rates."""
    figures = request_figures(path)
    rates = {"kinds": figures["kinds"], "all": figures["all"]}
    return [json.dumps(line, ensure_ascii=False) for line in (*figures["requests"], rates)]


def request_table(path: Path) -> list[str]:
    """The rates by kind, and each line that is not as expected."""
    figures = request_figures(path)
    heads = f"{path.name:24}{'count':>7}{'exact':>8}{'wrong':>8}{'ms max':>8}"
    rows = [
        f"{kind:24}{one['count']:>7}{one['exact']:>8.1%}{one['wrong']:>8.1%}{one['ms_max']:>8.1f}"
        for kind, one in (*figures["kinds"].items(), ("all", figures["all"]))
    ]
    other = [
        f"not exact: {line['text']!r}: {line['plan'] or line['ask'] or line['refuse']}"
        for line in figures["requests"]
        if not line["exact"]
    ]
    return [heads, *rows, *other]


def _rates(lines: list[dict[str, Any]]) -> dict[str, Any]:
    count = max(1, len(lines))
    return {
        "count": len(lines),
        "exact": round(sum(line["exact"] for line in lines) / count, 4),
        "wrong": round(sum(line["wrong"] for line in lines) / count, 4),
        "ms_max": max((line["ms"] for line in lines), default=0.0),
    }


# -- random sessions -------------------------------------------------------------------------------


@dataclass
class Tally:
    """What was counted over sessions; all but the first five have to stay 0."""

    sessions: int = 0
    rounds: int = 0
    committed: int = 0
    refused: int = 0
    followed: int = 0
    drift: int = 0
    hash_changed_by_refusal: int = 0
    undo_inexact: int = 0
    replay_inexact: int = 0
    not_remeasured: int = 0
    table_lost: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    by_task: Counter[str] = field(default_factory=Counter)


def session_figures(
    bundle: Bundle, sessions: int, rounds: int = ROUNDS, rng: int = 0, say: Say = lambda line: None
) -> dict[str, Any]:
    """Random sessions on a bundle, every invariant checked after every round."""
    shelf = Shelf(bundle).ready()
    tally = Tally()
    for number in range(sessions):
        one_session(shelf, np.random.default_rng([rng, number]), rounds, tally)
        if (number + 1) % 100 == 0:
            say(f"{number + 1} sessions, drift {tally.drift}")
    counts = {name: value for name, value in vars(tally).items() if isinstance(value, int)}
    return {**counts, "faults": dict(tally.faults), "by_task": dict(tally.by_task)}


def one_session(shelf: Shelf, rng: np.random.Generator, rounds: int, tally: Tally) -> Copilot:
    """One session of random plans and changes of the groove."""
    row = int(rng.integers(len(shelf.segments)))
    seed = int(rng.integers(2**31))
    start = Copilot.start(shelf, Base(row), float(np.clip(shelf.bpm_of(row), 40, 200)), seed)
    start = start.hearing(np.sort(rng.choice(32, 9, replace=False) / 4.0).tolist())
    now = start
    for _ in range(rounds):
        now = _round(now, rng, tally)
        if rng.random() < FOLLOW_CHANCE:
            now = _moved_on(now, rng, tally)
        _check(now, tally)
    tally.sessions += 1
    if replayed(start, now.log).state.hash != now.state.hash:
        tally.replay_inexact += 1
    return now


def _round(now: Copilot, rng: np.random.Generator, tally: Tally) -> Copilot:
    plan = [_random_step(now, rng) for _ in range(1 + int(rng.random() < 0.25))]
    before = now.state.hash
    after, done = now.carry_out(plan)
    tally.rounds += 1
    if done.committed:
        tally.committed += 1
        tally.by_task.update(step.task for step in plan)
    else:
        tally.refused += 1
        tally.hash_changed_by_refusal += after is not now or after.state.hash != before
    return after


def _random_step(now: Copilot, rng: np.random.Generator) -> Step:
    """A task with arguments that mostly make sense, and now and then do not."""
    name = str(rng.choice(list(tasks())))
    args = task_named(name).args
    if name in ("tempo", "transpose"):
        chosen = [args[int(rng.integers(len(args)))]]
    else:
        chosen = [arg for arg in args if arg.default is None and rng.random() < 0.5]
        must = (*MUST, "layer") if name in ("add_layer", "remove_layer") else MUST
        chosen += [arg for arg in args if arg.name in must and arg not in chosen]
    return Step(name, {arg.name: _random_value(arg, now, rng) for arg in chosen})


MUST = ("effect", "attribute", "beats")
WORDS = (
    "calm",
    "dark",
    "bright",
    "jazz",
    "energetic",
    "rainy night",
    "bossa",
    "gentle",
    "nonsense",
)


def _random_value(arg: Arg, now: Copilot, rng: np.random.Generator) -> Any:
    kind = arg.schema
    if "enum" in kind:
        return str(rng.choice(kind["enum"]))
    if arg.name == "beats":
        first = int(rng.integers(1, 9))
        return [first, first + int(rng.integers(0, 4))]
    if arg.name == "key":
        mode = now.state.key.mode if rng.random() < 0.8 else "major"
        return f"{rng.choice(['C', 'D', 'Eb', 'F#', 'G', 'A', 'B'])} {mode}"
    if arg.name in ("style", "mood"):
        return str(rng.choice(WORDS))
    if arg.name == "bpm":
        return float(np.round(now.state.bpm * rng.uniform(0.8, 1.25), 1))
    low, high = {"semitones": (-7, 8), "octaves": (-1, 2), "steps": (1, 4)}.get(arg.name, (-30, 31))
    return int(rng.integers(low, high))


def _moved_on(now: Copilot, rng: np.random.Generator, tally: Tally) -> Copilot:
    """The groove takes another segment, if that holds what stands."""
    for row in rng.integers(len(now.shelf.segments), size=4).tolist():
        after = now.follow(Base(row, 0, 0))
        if after is not None:
            tally.followed += 1
            return after
    return now


def _check(now: Copilot, tally: Tally) -> None:
    tally.drift += len(now.state.table.drifted())
    tally.faults.update(standing_faults(now.state, now.shelf))
    tally.not_remeasured += not _measured_again(now.state)
    tally.table_lost += Table.from_json(now.state.table.to_json()).rows != now.state.table.rows
    count = min(3, len(now.past))
    if count:
        back, _ = now.carry_out([Step("undo", {"steps": count})])
        again, _ = back.carry_out([Step("redo", {"steps": count})])
        tally.undo_inexact += again.state.hash != now.state.hash


def _measured_again(state: State) -> bool:
    values = measure(state.material, state.bpm, state.expected, state.table)
    return all(state.table[name].measured == value for name, value in values.items())


# -- time ------------------------------------------------------------------------------------------


def round_times(bundle: Bundle, repeats: int = 6) -> dict[str, Any]:
    """Milliseconds of a round, words to checked state, over SPOKEN from several loops: by the
    clock, and of the processor alone, which other work on the machine does not change."""
    ready()
    shelf = Shelf(bundle).ready()
    took: list[float] = []
    worked: list[float] = []
    rows = np.linspace(0, len(shelf.segments) - 1, repeats).astype(int)
    for row in rows.tolist():
        copilot = Copilot.start(shelf, Base(row), float(np.clip(shelf.bpm_of(row), 40, 200)))
        for text in SPOKEN:
            began, busy = perf_counter(), process_time()
            copilot.say(text)
            took.append((perf_counter() - began) * 1e3)
            worked.append((process_time() - busy) * 1e3)
    ordered = np.sort(took)
    return {
        "segments": len(shelf.segments),
        "rounds": len(took),
        "ms_p50": round(float(np.percentile(ordered, 50)), 2),
        "ms_p95": round(float(np.percentile(ordered, 95)), 2),
        "ms_max": round(float(ordered[-1]), 2),
        "cpu_ms_p50": round(float(np.percentile(worked, 50)), 2),
        "cpu_ms_p95": round(float(np.percentile(worked, 95)), 2),
        "cpu_ms_max": round(float(np.max(worked)), 2),
    }


def said_times(bundle: Bundle, takes: int = 4) -> dict[str, Any]:
    """Milliseconds that a session takes over a round, from the words to messages for the player:
    everything above, and the loops that are planned again. Of the processor, as `cpu_ms`, too."""
    took: list[float] = []
    worked: list[float] = []
    for rng in range(takes):
        session = Session(Settings(rng=rng), bundle, Groove())
        now = _grooving(session)
        for number, text in enumerate(SPOKEN, 1):
            began, busy = perf_counter(), process_time()
            session.step(Said(now, number, text))
            took.append((perf_counter() - began) * 1e3)
            worked.append((process_time() - busy) * 1e3)
            now = _passed(session, now, 2.1)
    return {"rounds": len(took), **_spread("ms", took), **_spread("cpu_ms", worked)}


def _spread(name: str, values: list[float]) -> dict[str, float]:
    marks = {"p50": 50, "p99": 99, "max": 100}
    return {
        f"{name}_{mark}": round(float(np.percentile(values, at)), 2) for mark, at in marks.items()
    }


def _grooving(session: Session) -> int:
    """A take that was looped a while ago; the time, in nanoseconds."""
    session.step(Tap(0))
    for strike in range(16):
        at = strike * 250_000_000
        session.step(MidiIn(at, bytes((0x90, 36 + strike % 4 * 2, 80))))
        session.step(MidiIn(at + 200_000_000, bytes((0x80, 36 + strike % 4 * 2, 0))))
    session.step(Tap(4_000_000_000))
    return _passed(session, 4_000_000_000, 40.0)


def _passed(session: Session, now: int, seconds: float) -> int:
    end = now + round(seconds * 1e9)
    while now < end:
        now += 100_000_000
        session.step(Tick(now))
    return now


def enlarged(bundle: Bundle, segments: int) -> Bundle:
    """The bundle again and again, under other names, up to so many segments: for timing only."""
    times = -(-segments // len(bundle))
    table = np.concatenate(list(_copies(bundle, times)))
    return replace(
        bundle,
        segments=table,
        **{
            name: np.concatenate([np.asarray(getattr(bundle, name))] * times)
            for name in ("notes", "layers", "pedals", "chords", "percentiles", "embeddings")
        },
        neighbours=np.concatenate([np.asarray(bundle.neighbours)] * times),
        verified=True,
    )


def _copies(bundle: Bundle, times: int) -> Iterator[Any]:
    wide = max(len(one) for one in bundle.segments["id"].tolist()) + 8
    kind = [
        (name, f"<U{wide}" if name == "id" else bundle.segments.dtype[name])
        for name in bundle.segments.dtype.names or ()
    ]
    for number in range(times):
        table = np.array(bundle.segments).astype(kind)
        table["id"] = [f"{one}#{number}" for one in table["id"].tolist()]
        for first, rows in (
            ("first_note", "notes"),
            ("first_pedal", "pedals"),
            ("first_chord", "chords"),
        ):
            table[first] += number * len(getattr(bundle, rows))
        yield table


def copilot_figures(
    bundle: Bundle,
    requests: tuple[Path, ...] = (),
    sessions: int = 1000,
    rng: int = 0,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """All of it: requests by kind, the invariants over random sessions, and times on 10,000
    segments."""
    figures: dict[str, Any] = {"requests": {}}
    for path in requests:
        found = request_figures(path)
        figures["requests"][path.stem] = {"kinds": found["kinds"], "all": found["all"]}
    large = enlarged(bundle, 10_000)
    figures["time"] = round_times(large)
    figures["time_in_session"] = said_times(large)
    say(f"a round takes {figures['time']['ms_p50']} ms")
    figures["sessions"] = session_figures(bundle, sessions, rng=rng, say=say)
    return figures
