"""The whole instrument with its hardware simulated, and a pianist who plays it."""

import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.box import Box, Hardware
from appliance.config import EMBEDDER as EMBEDDER
from appliance.conversing import answer_line
from appliance.errors import ConfigError, RuntimeFaultError
from appliance.events import Heard, View
from appliance.folder import EVENTS
from appliance.pianist import Pianist
from appliance.policies import make_policy
from appliance.session import Session, Settings
from appliance.transport import MAX_BPM, MIN_BPM
from corpus import demo as demo_corpus
from corpus.building.build import BuildSettings, build_bundle
from corpus.building.gathering import CODE
from corpus.errors import BundleError
from corpus.keeping.bundle import Bundle, embedder_of, open_bundle
from corpus.reading.midifile import read_phrase
from models.embedder import Embedder, make_embedder
from models.errors import ModelError
from models.notes import Phrase

SCREEN_FILM = "oled.gif"
PLAIN_EMBEDDER = "pitch-histogram"  # needs neither a model nor a runtime

Say = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """What to play; with `fast` time is simulated too. Without an `rng` seed it is 1."""

    corpus: Path | None = None
    seed: Path | None = None
    solo: Path | None = None
    loops: int = 12
    tempo: float | None = None
    policy: str = "groove"
    rng: int = 1
    fast: bool = False
    out: Path | None = None
    profile: str = "keyboard"
    says: tuple[str, ...] = ()  # "8: calmer" is said as loop 8 begins


def play(demo: Demo, say: Say) -> Path:
    """Play a session and return its folder; `say` gets a line for whatever happens."""
    _check(demo)
    says = deque(sorted((_said(text) for text in demo.says), key=lambda one: one[0]))
    policy = make_policy(demo.policy)
    seed = read_phrase(demo.seed or demo_corpus.DEFAULT_SEED)
    solo = read_phrase(demo.solo or demo_corpus.SOLO)
    bundle = open_bundle(demo.corpus, verify=True) if demo.corpus else demo_bundle(say)
    embedder_of(bundle)  # better a complaint now than at the first seed
    folder = _folder(demo.out)
    make = Hardware.simulated if demo.fast else Hardware.rehearsal
    hardware = make(folder / SCREEN_FILM, demo.profile)
    settings = Settings(rng=demo.rng, bpm=demo.tempo, ahead=hardware.ahead, lead=hardware.lead)
    session = Session(settings, bundle, policy)
    if not hardware.player.realtime:
        say("no realtime priority on this machine: notes may leave late under load")
    box = Box(session, bundle, hardware, lambda: folder, sync=not demo.fast)
    with box.on_stage():
        try:
            _perform(box, hardware, seed, solo, demo.loops, says, say)
        finally:
            box.close()
    if box.told_to_stop:
        raise KeyboardInterrupt
    if box.folder is None:
        raise ConfigError(f"{demo.seed}: cannot be looped ({box.view.notice})")
    if box.faults:
        raise RuntimeFaultError(
            f"{folder}: not all of the session could be written: {box.faults[-1]}"
        )
    return folder


def demo_bundle(say: Say = lambda line: None) -> Bundle:
    """The bundle of the demo corpus, built when it is first needed and kept in the cache.

    Where the usual embedder cannot be used, `say` gets the reason, and the plain one takes over.
    """
    embedder = _demo_embedder(say)
    digest = hashlib.sha256(embedder.sha256.encode() + CODE.encode())
    for take in demo_corpus.recordings():
        digest.update(take.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = cache / "smartlooper" / digest.hexdigest()[:16] / "demo"
    try:
        return open_bundle(path, verify=True)
    except BundleError:  # not there yet, or damaged
        pass
    try:
        build_bundle(demo_corpus.recordings(), path, BuildSettings(embedder.name))
    except OSError:  # no cache to write to: this time only
        path = Path(tempfile.mkdtemp(prefix="smartlooper-")) / "demo"
        build_bundle(demo_corpus.recordings(), path, BuildSettings(embedder.name))
    return open_bundle(path)


def _demo_embedder(say: Say) -> Embedder:
    try:
        return make_embedder(EMBEDDER)
    except ModelError as error:
        say(f"{error}; the demo corpus uses {PLAIN_EMBEDDER}")
        return make_embedder(PLAIN_EMBEDDER)


def _check(demo: Demo) -> None:
    if demo.loops < 1:
        raise ConfigError(f"--loops {demo.loops}: at least 1")
    if demo.rng < 0:
        raise ConfigError(f"--rng {demo.rng}: 0 or more")
    if demo.tempo is not None and not MIN_BPM <= demo.tempo <= MAX_BPM:
        raise ConfigError(f"--tempo {demo.tempo:g}: {MIN_BPM:g} to {MAX_BPM:g} BPM")


def _folder(out: Path | None) -> Path:
    """Where the session goes; an older session there is played over, anything else is not."""
    if out is None:
        return Path("smartlooper-sessions") / datetime.now().strftime("%Y%m%d-%H%M%S")
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / EVENTS).exists())):
        raise ConfigError(f"{out}: exists and is not a session folder; choose another --out")
    out.mkdir(parents=True, exist_ok=True)  # better a complaint now than after the concert
    return out


def _said(text: str) -> tuple[int, str]:
    """A loop, counted from 1, and what is said to it."""
    loop, colon, words = text.partition(":")
    if not colon or not loop.strip().isdecimal() or int(loop) < 1 or not words.strip():
        raise ConfigError(f"--say {text[:60]!r}: a loop and words are wanted, such as '8: calmer'")
    return int(loop), words.strip()


def _perform(
    box: Box,
    hardware: Hardware,
    seed: Phrase,
    solo: Phrase,
    loops: int,
    says: deque[tuple[int, str]],
    say: Say,
) -> None:
    keyboard = hardware.keyboard
    assert keyboard is not None, "a demo's hardware has hands to play with"
    pianist = Pianist(
        seed=seed,
        solo=solo,
        loops=loops,
        start=hardware.clock.now(),
        tap=box.tap,
        play=keyboard.play,
        end=lambda: box.command("end"),
    )
    told = View()
    while not (pianist.is_done(box.session.state) or hardware.quit or box.told_to_stop):
        coming = [time for time in (pianist.next_time, keyboard.next_time) if time is not None]
        box.wait(min(coming, default=None))
        playing = box.session.playing
        pianist.act(hardware.clock.now(), playing.situation if playing else None)
        box.turn()
        told = _tell(told, box.view, say)
        while says and playing is not None and playing.situation.loop + 1 >= says[0][0]:
            _talk(box, says.popleft()[1], say)
    for loop, text in says:
        say(f"not said: {text} (the session was over before loop {loop})")


def _talk(box: Box, text: str, say: Say) -> None:
    """Say something to the loop, and what it answers."""
    say(f"you: {text}")
    for effect in box.say(0, text):
        if isinstance(effect, Heard):
            say(f"loop: {' '.join(answer_line(effect.answer).splitlines())}")


def _tell(told: View, view: View, say: Say) -> View:
    if view.notice and view.notice != told.notice:
        say(f"screen: {view.notice}")
    if view.state != told.state:
        say(view.state)
    if view.current and (view.loop, view.current) != (told.loop, told.current):
        say(f"  loop {view.loop + 1}: {view.current}, {view.bpm:.0f} BPM")
    return view
