"""`python -m deploy.vm`: the acceptance test of the box, in QEMU.

--short           boot, devices, play, upload and three cuts
--arch ARCH       for another processor than this machine's: boot and devices, no cuts
--only STEP       one step, again for more; --cuts N for the number of power cuts
--bare            a machine without a data partition, too; --control: a card that lies, too
--keep            leave the machine running at the end, and say how to log in
"""

import argparse
import json
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from deploy.vm.acceptance import FOREIGN, SHORT, STEPS, Bench
from deploy.vm.bare import plays_without_data
from deploy.vm.guest import Guest
from deploy.vm.image import Image, make_image
from deploy.vm.machine import Machine, Settings, accelerator, free_port, installed
from deploy.vm.places import (
    HERE,
    REPOSITORY,
    BrokenPromise,
    Places,
    VirtualBoxError,
    is_foreign,
)
from deploy.vm.starting import boot_or_resume
from deploy.vm.surviving import Survival

LONG_CUTS, SHORT_CUTS = 20, 3


def main() -> int:
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that machines are ended
    places = Places.of(arguments.arch)
    if not installed(places.arch):
        needed = "qemu-system, qemu-utils, mmdebstrap, nbdkit and openssh-client, and root"
        print(f"vm-test: it needs {needed}; see deploy/vm/README.md", file=sys.stderr)
        return 2
    try:
        return _test(arguments, places)
    except VirtualBoxError as error:
        print(f"vm-test: FAILED: {error}", file=sys.stderr)
        return 1


def _test(arguments: argparse.Namespace, places: Places) -> int:
    package = arguments.package or _newest_package(places.arch)
    image = make_image(places, package, HERE / "config.toml")
    accel = accelerator(places, image)
    settings = Settings(places, image, accel, free_port(), extra=arguments.append)
    emulated = "" if accel == "kvm" else "; emulated, so no timing here is that of a box"
    _say("machine", {"package": package.name, "accel": accel + emulated})
    if arguments.image:
        return 0
    plan = _plan(arguments)
    results = _steps(settings, image, plan.steps, arguments.keep, arguments.fresh)
    if plan.bare:
        results["bare"] = plays_without_data(settings)
        _say("bare", results["bare"])
    if plan.cuts:
        results["cuts"] = _survive(settings, plan.cuts, arguments.rng, honest=True)
    if plan.control:
        results["control"] = _control(settings, arguments.rng)
    (places / "results.json").write_text(json.dumps(results, indent=1))
    _say("passed", {"steps": len(results)})
    return 0


class Plan(NamedTuple):
    """What is tried: steps, the number of power cuts, the card that lies, and no card at all."""

    steps: tuple[str, ...]
    cuts: int = 0
    control: bool = False
    bare: bool = False


def _plan(arguments: argparse.Namespace) -> Plan:
    if arguments.only:
        plan = Plan(tuple(arguments.only))
    elif is_foreign(arguments.arch):
        plan = Plan(FOREIGN)
    elif arguments.short:
        plan = Plan(SHORT, SHORT_CUTS)
    else:
        plan = Plan(tuple(STEPS), LONG_CUTS, control=True, bare=True)
    cuts = plan.cuts if arguments.cuts is None else arguments.cuts
    control, bare = plan.control or arguments.control, plan.bare or arguments.bare
    return Plan(plan.steps, cuts, control, bare)


def _steps(
    settings: Settings, image: Image, names: tuple[str, ...], keep: bool, fresh: bool
) -> dict[str, Any]:
    """One machine for all of them."""
    guest = Guest(settings.port, image.key)
    results: dict[str, Any] = {}
    machine = boot_or_resume(settings, guest, fresh)
    bench = Bench(guest, machine, _fetched(settings.places))
    try:
        for name in names:
            began = time.monotonic()
            results[name] = STEPS[name](bench)
            _say(name, results[name] | {"took_s": round(time.monotonic() - began, 1)})
        if keep:
            _stay(machine, settings, image)
    except VirtualBoxError as error:
        _last_words(guest, machine)
        if keep:
            print(f"vm-test: FAILED: {error}", file=sys.stderr, flush=True)
            _stay(machine, settings, image)
        raise
    finally:
        guest.hang_up()
        machine.close()
    return results


def _survive(settings: Settings, count: int, seed: int, honest: bool) -> list[dict[str, Any]]:
    guest = Guest(settings.port, settings.image.key)
    return Survival(settings, guest, random.Random(seed)).run(count, honest)


def _control(settings: Settings, seed: int) -> str:
    """A card that lies about what it has written: the test must notice, by what is on the card."""
    try:
        _survive(settings, 10, seed, honest=False)
    except BrokenPromise as error:
        _say("control", {"noticed": str(error)})
        return str(error)
    raise VirtualBoxError("the test did not notice a card that loses what was flushed")


def _stay(machine: Machine, settings: Settings, image: Image) -> None:
    print(
        f"vm-test: ssh -i {image.key} -p {settings.port} looper@127.0.0.1; Ctrl-C ends it",
        flush=True,
    )
    while machine.alive:
        time.sleep(1)


def _last_words(guest: Guest, machine: Machine) -> None:
    """What may explain a failure."""
    try:
        log = guest.root("journalctl -b --no-pager -q -p notice | tail -60", 60)
    except VirtualBoxError:
        log = machine.console()[-4000:]
    print(log, file=sys.stderr)


def _newest_package(arch: str) -> Path:
    found = sorted((REPOSITORY / "dist").glob(f"smartlooper_*~bookworm_{arch}.deb"))
    if not found:
        raise VirtualBoxError(f"dist: no package for {arch}; run make deb ARCH={arch}")
    return max(found, key=lambda path: path.stat().st_mtime)


def _fetched(places: Places) -> Path:
    folder = places / "fetched" / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    return folder


def _say(step: str, found: dict[str, Any]) -> None:
    print(f"vm-test: {step}: {json.dumps(found)}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.vm")
    parser.add_argument("--arch", choices=("amd64", "arm64"), default="amd64")
    parser.add_argument("--package", type=Path, help="the .deb; else the newest in dist/")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", action="append", choices=STEPS, default=[])
    parser.add_argument("--cuts", type=int)
    parser.add_argument("--control", action="store_true", help="the card that lies, too")
    parser.add_argument("--bare", action="store_true", help="without a data partition, too")
    parser.add_argument("--rng", type=int, default=7)
    parser.add_argument("--append", default="", help="to the kernel's command line")
    parser.add_argument("--image", action="store_true", help="build the image and no more")
    parser.add_argument("--fresh", action="store_true", help="boot, though there is a snapshot")
    parser.add_argument("--keep", action="store_true", help="leave the machine running")
    return parser


if __name__ == "__main__":
    sys.exit(main())
