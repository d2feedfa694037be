"""A kernel for another processor than this machine's, and how it finds its root.

To install one is to make its initial RAM disk by programs of that processor, emulated: a matter of
minutes, and with all modules it was seen not to end. So none is run: the kernel's package is taken
apart, and the initial RAM disk is a busybox, a few modules and what they need, and a script that
does what overlayroot does.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.vm.places import HERE, Places, VirtualBoxError, run

_WANTED = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "overlay")
_LIMIT_S = 900.0
_TAR = "kernel.tar"
_FOLDERS = ("bin", "dev", "proc", "sys", "media", "m")


def fetch(places: Places, suite: str, kernel: str) -> None:
    """A tar of the kernel's package and a busybox, unpacked and not installed."""
    command = [
        *("mmdebstrap", "--mode=root", "--variant=extract", f"--architectures={places.arch}"),
        *(f"--include={kernel},busybox-static", suite, str(places / _TAR)),
    ]
    run(command, _LIMIT_S, log=places / "kernel.log")


def add_kernel(places: Places, root: Path) -> None:
    """The kernel and its modules, into a root file system."""
    wanted = ["--wildcards", "./boot/*", "./lib/modules/*", "./bin/busybox"]
    run(["tar", "-xpf", places / _TAR, "-C", root, "--keep-directory-symlink", *wanted], _LIMIT_S)
    release = next((root / "lib/modules").iterdir()).name
    run(["depmod", "-b", root, release], _LIMIT_S)


def make_initrd(root: Path, release: str, out: Path) -> None:
    """The initial RAM disk of the kernel in `root`; `out` is written."""
    tree = out.with_suffix(".tree")
    shutil.rmtree(tree, ignore_errors=True)
    for name in _FOLDERS:
        (tree / name).mkdir(parents=True)
    shutil.copy(root / "bin/busybox", tree / "bin/busybox")
    shutil.copy(HERE / "foreign-init", tree / "init")
    (tree / "init").chmod(0o755)
    modules = list(_in_order(root / "lib/modules" / release))
    for module in modules:
        shutil.copy(module, tree / "m" / module.name)
    (tree / "m/order").write_text("".join(f"{module.name}\n" for module in modules))
    pack = "find . | cpio --quiet -o -H newc | gzip -1"
    out.write_bytes(subprocess.check_output(["sh", "-c", pack], cwd=tree, timeout=_LIMIT_S))
    shutil.rmtree(tree)


def _in_order(folder: Path) -> Iterator[Path]:
    """The wanted modules, each after those that it needs (modules.dep names them nearest first)."""
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        name, _, rest = line.partition(":")
        needs[Path(name).stem] = [name, *rest.split()]
    given: set[str] = set()
    for wanted in _WANTED:
        if wanted not in needs:
            raise VirtualBoxError(f"{folder}: no module {wanted}")
        for name in reversed(needs[wanted]):
            if name not in given:
                given.add(name)
                yield folder / name
