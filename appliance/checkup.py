"""What the doctor looks at beside the machine: the box's settings, socket, corpora and inbox."""

import os
from collections.abc import Callable
from pathlib import Path

from appliance.config import CONFIG, Config, read_config
from appliance.control.client import ControlClient
from appliance.errors import ApplianceError, ConfigError
from appliance.places import Places
from appliance.uploads.arrivals import REPORT
from corpus.errors import CorpusError
from corpus.keeping.bundle import embedder_of, open_bundle
from corpus.keeping.library import Library
from firmware.doctor import Finding

CHECKS_S = 2.0


def read_as_found(path: Path | None) -> tuple[Config, Finding]:
    """The configuration, or what the box would be without one and what is wrong with it. A path
    that was given and leads nowhere is a ConfigError."""
    if path is not None and not path.exists():
        read_config(path)
    try:
        config = read_config(path)
        config.endpoint()
    except ConfigError as error:
        return Config(), Finding("config", "fault", str(error), "mend it; until then: defaults")
    if path is None and not CONFIG.exists():
        return config, Finding("config", "ok", f"no {CONFIG}: everything as it comes")
    return config, Finding("config", "ok", str(path or CONFIG))


def check_up(config: Config, where: Places) -> list[Finding]:
    """Look at everything; whatever goes wrong while looking is a finding too."""
    checks: dict[str, Callable[[Config, Places], Finding]] = {
        "box": box,
        "corpora": corpora,
        "inbox": inbox,
        "sessions": sessions,
    }
    findings = []
    for name, check in checks.items():
        try:
            findings.append(check(config, where))
        except (ApplianceError, CorpusError, OSError) as error:
            findings.append(Finding(name, "fault", " ".join(str(error).split())))
    return findings


def box(_config: Config, where: Places) -> Finding:
    """Whether one runs, and what it has to do without."""
    if not where.control.exists():
        cure = "start it: sudo systemctl start smartlooper, or smartlooper run"
        return Finding("box", "warning", f"none runs ({where.control} is not there)", cure)
    try:
        with ControlClient(where.control, CHECKS_S) as client:
            said = client.ask("status")
    except ApplianceError as error:
        cure = "journalctl -u smartlooper says more"
        return Finding("box", "fault", " ".join(str(error).split()), cure)
    troubles = [said["warning"], *(f"without {name}" for name in said["missing"])]
    found = ", ".join([f"runs, {said['state']}", *filter(None, troubles)])
    return Finding("box", "warning" if any(troubles) else "ok", found)


def corpora(config: Config, where: Places) -> Finding:
    """Whether what would be played is sound."""
    if config.corpus:
        path, name = Path(config.corpus), config.corpus
    else:
        library = Library(where.corpora)
        current = library.current()
        if current is None:
            return Finding("corpora", "ok", "none yet: the demo corpus plays")
        path, name = library.place(current), current
    try:
        bundle = open_bundle(path, verify=True)
        embedder_of(bundle)
    except CorpusError as error:
        cure = "use another: smartlooper use NAME; or upload it again"
        return Finding("corpora", "fault", f"{name}: {error}", cure)
    return Finding("corpora", "ok", f"{name}, {len(bundle)} segments, sound")


def inbox(_config: Config, where: Places) -> Finding:
    if where.inbox is None:
        return Finding("inbox", "ok", "no uploads are taken")
    if not where.inbox.is_dir():
        found = f"{where.inbox} is not there; uploads are not noticed"
        return Finding("inbox", "warning", found, f"sudo mkdir -p {where.inbox}")
    if not os.access(where.inbox, os.R_OK | os.W_OK | os.X_OK):
        found = f"{where.inbox} may not be read and written by this user"
        cure = "run the doctor as the box's user, or put that into its group"
        return Finding("inbox", "warning", found, cure)
    there = [one for one in os.listdir(where.inbox) if not one.endswith(REPORT) and one[0] != "."]
    return Finding("inbox", "ok", f"{where.inbox}, {len(there)} uploads in it")


def sessions(config: Config, where: Places) -> Finding:
    """How much room they take, of how much."""
    from appliance.quota import MB  # here, since it brings all that draws a session
    from appliance.quota import sessions as kept

    found = kept(where.sessions)
    megabytes = sum(one.size for one in found) / MB
    quota = f" of {config.sessions.quota_mb} MB" if config.sessions.quota_mb else ", no quota"
    return Finding("sessions", "ok", f"{len(found)}, {megabytes:.0f} MB{quota}")
