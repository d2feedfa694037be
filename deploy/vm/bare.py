"""A box whose data partition is beyond repair: it plays all the same, the demo corpus."""

import re
from dataclasses import replace
from typing import Any

from deploy.vm.guest import wait
from deploy.vm.machine import Settings, overlay, start
from deploy.vm.starting import BOOT_LIMIT_S

_TO_CONSOLE = "systemd.journald.forward_to_console=1"
"""Nobody can log in: the keys are on the partition that is missing."""
_PLAYS = (re.compile(r"Started .*smartlooper\.service"), re.compile(r"corpus demo, \d+ segments"))


def plays_without_data(settings: Settings) -> dict[str, Any]:
    """Boot from the root alone, until the service is ready with the demo corpus."""
    told = replace(settings, extra=f"{settings.extra} {_TO_CONSOLE}".strip())
    disk = overlay(settings.places, settings.image.root, "bare-root")
    machine = start(told, "bare", [disk])
    otherwise = f"without its data the box does not play (see {machine.log})"
    try:
        is_ready = lambda: plays(machine.console())  # noqa: E731
        took = wait(is_ready, BOOT_LIMIT_S, otherwise, lambda: machine.alive)
    finally:
        machine.close()
    return {"ready_s": round(took, 1)}


def plays(console: str) -> bool:
    """Whether the system's journal, as it is on the console, has the service started."""
    return all(said.search(console) for said in _PLAYS)
