"""A machine that is ready: booted, or gone on from the moment after an earlier boot."""

import json
import time

from deploy.vm.guest import Guest
from deploy.vm.machine import Disk, Machine, Settings, overlay, start
from deploy.vm.places import is_current

BOOT_LIMIT_S = 420.0
READY = "ready"  # the name of the snapshot
_RESUME_LIMIT_S = 120.0


def boot_or_resume(settings: Settings, guest: Guest, fresh: bool = False) -> Machine:
    """With the service up. The snapshot is of this image and this way to run it, or it is not
    used; power cuts never begin from it."""
    places = settings.places
    mark = places / "snapshot.done"
    key = (places / "image.done").read_text() + settings.accel + settings.extra
    if not fresh and is_current(mark, key):
        return _resume(settings, guest)
    mark.unlink(missing_ok=True)
    disks = [
        overlay(places, settings.image.root, "root"),
        overlay(places, settings.image.data, "data"),
    ]
    machine = start(settings, "box", disks)
    try:
        login = guest.await_login(BOOT_LIMIT_S, lambda: machine.alive)
        ready = guest.await_ready(BOOT_LIMIT_S)
        found = {"login_s": round(login, 1), "ready_s": round(ready, 1)}
        print(f"vm-test: boot: {json.dumps(found)}", flush=True)
        machine.monitor(f"savevm {READY}")
    except BaseException:
        machine.close()
        raise
    mark.write_text(key)
    return machine


def _resume(settings: Settings, guest: Guest) -> Machine:
    """Its clock stood still in the meantime, and is set."""
    disks = [Disk(str(settings.places / f"{name}.qcow2")) for name in ("root", "data")]
    machine = start(settings, "box", disks, load=READY)
    try:
        guest.await_login(_RESUME_LIMIT_S, lambda: machine.alive)
        guest.root(f"date -s @{int(time.time())}")
    except BaseException:
        machine.close()
        raise
    return machine
