"""The disks of the virtual box: the image's files on the base system, the package installed as a
musician would install it, and two file systems, as on the card."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.vm import base
from deploy.vm.places import HERE, IMAGE, Places, fingerprint, is_current, run

ROOT_MIB, DATA_MIB = 1600, 512
_CHROOT_LIMIT_S = 1800.0
_DROP_IN = """\
# gpiozero asks /proc/cpuinfo which Pi this is. And seconds are short under emulation.
[Service]
BindReadOnlyPaths=/run/cpuinfo:/proc/cpuinfo
TimeoutStartSec=15min
WatchdogSec=60s
"""


@dataclass(frozen=True)
class Image:
    """What QEMU boots: base images that are never written to, and how to log in."""

    kernel: Path
    initrd: Path
    root: Path
    data: Path
    key: Path


def make_image(places: Places, package: Path, config: Path) -> Image:
    """Built again only when the package, the configuration or the recipe has changed."""
    image = Image(*(places / one for one in ("vmlinuz", "initrd", "root.img", "data.img", "key")))
    mark = places / "image.done"
    recipe = [IMAGE, *sorted(HERE.glob("inside/*")), HERE / "image.py", HERE / "modules", config]
    tar = base.make_base(places)
    key = fingerprint([*recipe, package.read_bytes(), (places / "base.done").read_bytes()])
    if is_current(mark, key) and image.root.is_file():
        return image
    mark.unlink(missing_ok=True)
    root = places / "root"
    base.make_root(tar, root)
    release = base.kernel_release(root)
    _add_modules(root, release, base.make_modules(places, release))
    _make_key(image.key)
    with _chroot(root):
        _install(root, package, config, image.key.with_suffix(".pub"))
        run(["chroot", root, "update-initramfs", "-c", "-k", release], _CHROOT_LIMIT_S)
    shutil.copy(root / f"boot/vmlinuz-{release}", image.kernel)
    shutil.copy(root / f"boot/initrd.img-{release}", image.initrd)
    _file_systems(places, root, image)
    mark.write_text(key)
    return image


def _install(root: Path, package: Path, config: Path, public: Path) -> None:
    run(["cp", "-a", "--no-preserve=ownership", f"{IMAGE / 'files'}/.", root], 60)
    shutil.copy(HERE / "initramfs.conf", root / "etc/initramfs-tools/conf.d/vm")
    shutil.copy(HERE / "initramfs.modules", root / "etc/initramfs-tools/modules")
    shutil.copy(package, root / "tmp/smartlooper.deb")
    install = ["dpkg", "--force-confdef", "-i", "/tmp/smartlooper.deb"]
    run(["chroot", root, *install], _CHROOT_LIMIT_S, log=root.parent / "install.log")
    (root / "tmp/smartlooper.deb").unlink()
    shutil.copy(config, root / "etc/smartlooper/config.toml")
    shutil.copy(public, root / "etc/smartlooper/upload_keys")
    shutil.copy(IMAGE / "finish", root / "tmp/finish")
    run(["chroot", root, "sh", "/tmp/finish"], _CHROOT_LIMIT_S)
    (root / "tmp/finish").unlink()
    _for_tests(root, public)


def _for_tests(root: Path, public: Path) -> None:
    """What the virtual box has and a real one has not."""
    home = root / "data.new/home/looper/.ssh"
    shutil.copy(public, home / "authorized_keys")
    run(["chroot", root, "chown", "-R", "looper:looper", "/data.new/home/looper"], 60)
    inside = root / "usr/lib/smartlooper-vm"
    shutil.copytree(HERE / "inside", inside, dirs_exist_ok=True)
    for path in inside.iterdir():
        path.chmod(0o755)
    unit = inside / "smartlooper-vm.service"
    unit.chmod(0o644)
    shutil.move(unit, root / "etc/systemd/system" / unit.name)
    run(["chroot", root, "systemctl", "enable", unit.name], 60)
    drop_in = root / "etc/systemd/system/smartlooper.service.d/vm.conf"
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    drop_in.write_text(_DROP_IN)


def _add_modules(root: Path, release: str, modules: list[Path]) -> None:
    place = root / "lib/modules" / release / "extra"
    place.mkdir(exist_ok=True)
    for module in modules:
        shutil.copy(module, place / module.name)
    run(["chroot", root, "depmod", release], 120)


def _make_key(key: Path) -> None:
    if not key.is_file():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "vm-test", "-f", key], 60)


def _file_systems(places: Places, root: Path, image: Image) -> None:
    data = places / "data"
    shutil.rmtree(data, ignore_errors=True)
    shutil.move(root / "data.new", data)
    for tree, label, mib, out in (
        (root, "root", ROOT_MIB, image.root),
        (data, "data", DATA_MIB, image.data),
    ):
        out.unlink(missing_ok=True)
        run(["mke2fs", "-q", "-t", "ext4", "-L", label, "-d", tree, out, f"{mib}M"], 600)


@contextmanager
def _chroot(root: Path) -> Iterator[None]:
    """With what programs expect of a running system; taken away again whatever happens."""
    mounts = (("proc", "proc"), ("sysfs", "sys"), ("devtmpfs", "dev"))
    mounted: list[Path] = []
    try:
        for kind, name in mounts:
            run(["mount", "-t", kind, kind, root / name], 60)
            mounted.append(root / name)
        yield
    finally:
        for place in reversed(mounted):
            run(["umount", "-l", place], 60)
