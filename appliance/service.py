"""`smartlooper run`: the instrument on real ports, for as long as it is wanted."""

import gc
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from appliance.box import Box, Hardware, Tuning
from appliance.box.corpora import Corpora, OnNew, first_corpus, keeper
from appliance.config import NEW, Config, read_config
from appliance.control.server import ControlServer
from appliance.errors import ApplianceError, ConfigError
from appliance.events import View
from appliance.finishing import finish_apart, unfinished
from appliance.folder import read_last_seed
from appliance.logbook import ERROR, NOTICE, WARNING, Logbook, open_logbook, status_line
from appliance.places import Places, places
from appliance.quota import MB, finish_within, newest_first
from appliance.rehearsing import rehearsed
from appliance.reloading import changed, is_live, taken_over
from appliance.seed import Seed
from appliance.uploads.background import Background
from corpus.keeping.bundle import Bundle, embedder_of, open_bundle
from corpus.keeping.library import Library
from firmware.systemd import Notifier

NEW_RNG = 2**31  # random seeds that are drawn are below, to be typed with ease
POWER_OFF_S = 10.0
LOOKED_AT = 3  # sessions, for a seed to play again
PATIENCE_S = 0.3  # with the folder of the last take, when it is told to stop


@dataclass
class Service:
    """A box, and what is around it: the service manager, the log, and the configuration that can
    be read again. `rng` is the random seed of its sessions."""

    box: Box
    hardware: Hardware
    corpora: Corpora
    config: Config
    rng: int
    path: Path | None
    log: Logbook
    notifier: Notifier
    last_seed: Background[Seed | None] | None = None  # of the sessions before
    cut_off: list[Path] = field(default_factory=list)  # sessions that the power left unfinished
    told_to_reload: bool = False

    def play(self) -> None:
        """Until it is told to stop. The watchdog is fed by these turns and by nothing else."""
        with self.box.on_stage(), heeding_hangups(self._hung_up), settled():
            try:
                self.box.turn()
                self.notifier.ready()
                self._finish(self.cut_off)
                while not (self.hardware.quit or self.box.told_to_stop):
                    self._report()
                    if self.told_to_reload:
                        self._reload()
                    self._remember()
                    self.box.wait()
                    self.box.turn()
            finally:
                self.notifier.stopping()
                self.box.close(PATIENCE_S)
                self._report()
                self._finish(self.box.unfinished)

    def _finish(self, folders: list[Path]) -> None:
        """What could not wait for it is finished by another process."""
        try:
            finish_apart(folders, self.config.sessions.quota_mb * MB)
        except OSError as error:
            self.log.say(f"sessions are not finished now: {error}", WARNING)

    def power_off(self) -> None:
        """Have the machine shut down, if that was asked for."""
        command = self.config.power_off_command() if self.box.power_off else []
        if not command:
            return
        self.log.say("the machine is shut down", NOTICE)
        try:
            subprocess.run(command, check=True, timeout=POWER_OFF_S)
        except (OSError, subprocess.SubprocessError) as error:
            self.log.say(f"the machine could not be shut down: {error}", ERROR)

    def _report(self) -> None:
        view: View = self.box.view
        self.notifier.alive(time.monotonic_ns())
        self.notifier.status(status_line(view))
        self.log.look(view)
        while self.box.faults:
            self.log.say(self.box.faults.popleft(), WARNING)

    def _remember(self) -> None:
        """The seed of the last session can be played again, unless there is a newer one."""
        found = self.last_seed
        if found is None or not found.done:
            return
        self.last_seed = None
        seed = found.result()
        found.close()
        if seed is not None and self.box.folder is None:
            self.box.session.remember(seed)

    # -- settings that change ---------------------------------------------------------------------

    def _hung_up(self) -> None:
        """The manager wants the settings read again; a terminal that closes ends what it began."""
        if self.hardware.terminal is None:
            self.told_to_reload = True
        else:
            self.box.told_to_stop = True

    def _reload(self) -> None:
        self.told_to_reload = False
        self.notifier.reloading(time.monotonic_ns())
        try:
            self._take_over(read_config(self.path))
        except ConfigError as error:
            self.log.say(f"settings stay as they were: {error}", ERROR)
        self.notifier.ready()

    def _take_over(self, new: Config) -> None:
        names = changed(self.config, new)
        merged = taken_over(self.config, new)
        endpoint = merged.endpoint()  # may raise, and then nothing has changed
        if "rng" in names:
            self.rng = random_seed(new)
        policy = merged.make_policy() if any(name.startswith("policy.") for name in names) else None
        settings = merged.settings(self.rng, self.hardware.ahead, self.hardware.lead)
        self.box.session.reconfigure(settings, policy)
        self.box.refit(
            footswitch=merged.foot(),
            timing=merged.timing(),
            finish=finisher(merged),
            endpoint=endpoint,
        )
        self.corpora.on_new = on_new(merged)
        self.config = merged
        self._tell_changes(names)

    def _tell_changes(self, names: list[str]) -> None:
        live = [name for name in names if is_live(name)]
        later = [name for name in names if not is_live(name)]
        self.log.say(f"settings read again: {', '.join(live) or 'nothing'} taken over", NOTICE)
        if later:
            self.log.say(f"needs a restart of the box: {', '.join(later)}", WARNING)


def run(
    path: Path | None, moved: Path | None = None, environ: Mapping[str, str] = os.environ
) -> int:
    """Play until told to stop: by a signal, by q at a terminal, by a foot that wants the machine
    off. Everything is kept under `moved` if that is given. What the configuration has wrong is a
    ConfigError before anything is touched; MIDI ports that are not there yet are waited for.
    """
    config = read_config(path)
    config.make_policy()
    config.endpoint()
    log = open_logbook(environ)
    notifier = Notifier(environ)
    with ExitStack() as stack:
        stack.callback(log.close)
        stack.callback(notifier.close)
        service = assemble(config, path, places(config, moved), log, notifier)
        service.play()
        service.power_off()
    return 0


def assemble(
    config: Config, path: Path | None, where: Places, log: Logbook, notifier: Notifier
) -> Service:
    """Everything that a box is made of. What fails leaves nothing open."""
    with ExitStack() as stack:
        control = ControlServer(where.control)
        stack.callback(control.close)
        name, bundle = _corpus(config, where, log)
        hardware = _hardware(config)
        rng = random_seed(config)
        settings = config.settings(rng, hardware.ahead, hardware.lead)
        session = rehearsed(settings, bundle, config.make_policy)
        if where.inbox is not None and where.inbox.parent.is_dir():
            where.inbox.mkdir(exist_ok=True)
        corpora = _corpora(config, where, name, log)
        stack.callback(corpora.close)
        box = Box(
            session,
            bundle,
            hardware,
            partial(_new_folder, where.sessions),
            follow_clock=config.midi.follow_clock,
            footswitch=config.foot(),
            timing=config.timing(),
            control=control,
            corpora=corpora,
            endpoint=config.endpoint(),
            finish=finisher(config),
        )
        stack.pop_all()  # the box closes them
    log.say(f"corpus {bundle.name}, {len(bundle)} segments; space: tap, q: quit", NOTICE)
    if not hardware.player.realtime:
        log.say("no realtime priority on this machine: notes may leave late under load", WARNING)
    seed = Background(partial(last_seed, where.sessions))
    cut_off = unfinished(where.sessions)
    return Service(box, hardware, corpora, config, rng, path, log, notifier, seed, cut_off)


def last_seed(sessions: Path) -> Seed | None:
    """That of the newest session that has one, of the last few."""
    for folder in newest_first(sessions)[:LOOKED_AT]:
        try:
            return read_last_seed(folder)
        except (ApplianceError, OSError):
            continue
    return None


def random_seed(config: Config) -> int:
    """That of the configuration, or a new one."""
    if config.rng == NEW:
        return secrets.randbelow(NEW_RNG)
    assert isinstance(config.rng, int)
    return config.rng


def finisher(config: Config) -> Callable[[Path], object]:
    """What a worker does with the folder of a take that is over."""
    return partial(finish_within, most_bytes=config.sessions.quota_mb * MB)


def on_new(config: Config) -> OnNew:
    """What becomes of uploads: a box that was given a corpus plays others only by name."""
    if config.corpus:
        return "keep"
    return "ask" if config.uploads.switch == "ask" else "idle"


@contextmanager
def settled() -> Iterator[None]:
    """For the block, what there is now is not looked through for garbage any more: that would take
    as long as a note is late to be heard as such, at a moment that nobody chooses."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def heeding_hangups(told: Callable[[], None]) -> Iterator[None]:
    """For the block, calls `told` on SIGHUP. Only for the main thread."""
    before = signal.signal(signal.SIGHUP, lambda *_: told())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _corpus(config: Config, where: Places, log: Logbook) -> tuple[str, Bundle]:
    if config.corpus:
        bundle = open_bundle(Path(config.corpus), verify=True)
        embedder_of(bundle)  # better a complaint now than at the first seed
        return config.corpus, bundle
    complain = partial(log.say, priority=WARNING)
    return first_corpus(Library(where.corpora), partial(_demo_bundle, complain), complain)


def _demo_bundle(say: Callable[[str], None]) -> Bundle:
    from appliance.demo import demo_bundle  # here, since it brings all that builds a corpus

    return demo_bundle(say)


def _hardware(config: Config) -> Hardware:
    midi, player = config.midi, config.player
    return Hardware.real(
        midi.output,
        midi.input,
        midi.profile,
        midi.clock_output,
        Tuning(player.priority, None if player.cpu == -1 else player.cpu, player.stale_ms),
        second=midi.second_input,
        switches=config.switches(),
        oled=config.oled(),
    )


def _corpora(config: Config, where: Places, playing: str, log: Logbook) -> Corpora:
    start = keeper(where, config.uploads.embedder, config.uploads.quiet_s)
    return Corpora(Library(where.corpora), playing, start, on_new(config), log.say)


def _new_folder(sessions: Path) -> Path:
    """Named by wall-clock time; a second take within a second gets a number."""
    base = sessions / datetime.now().strftime("%Y%m%d-%H%M%S")
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder
