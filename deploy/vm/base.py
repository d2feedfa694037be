"""The base system, and the kernel modules that stand for a Pi's hardware: both cached."""

import shutil
from pathlib import Path

from deploy.vm.places import HERE, IMAGE, Places, VirtualBoxError, fingerprint, is_current, run

SUITE = "bookworm"
_KERNELS = {"amd64": "linux-image-rt-amd64", "arm64": "linux-image-arm64"}
_HEADERS = {"amd64": "linux-headers-rt-amd64", "arm64": "linux-headers-arm64"}
_FOR_TESTS = ("rt-tests",)
_BASE_LIMIT_S = 3600.0
_MODULES_LIMIT_S = 1800.0
_MODULES = ("gpio-sim.ko", "irq_sim_mod.ko", "i2c-ssd1306-sim.ko")


def packages(arch: str) -> list[str]:
    """Those of the image, a kernel, and what only tests want."""
    lines = (IMAGE / "packages").read_text().splitlines()
    named = [line for line in lines if line and not line.startswith("#")]
    return [*named, *_FOR_TESTS, _KERNELS[arch]]


def make_base(places: Places) -> Path:
    """A tar of the base system, from Debian's archive."""
    tar, mark = places / "base.tar", places / "base.done"
    wanted = packages(places.arch)
    key = fingerprint([SUITE.encode(), *(name.encode() for name in wanted)])
    if tar.is_file() and is_current(mark, key):
        return tar
    mark.unlink(missing_ok=True)
    command = [
        *("mmdebstrap", "--mode=root", "--variant=minbase", f"--architectures={places.arch}"),
        *("--components=main,non-free-firmware", f"--include={','.join(wanted)}"),
        *('--aptopt=Apt::Install-Recommends "false"', "--dpkgopt=path-exclude=/usr/share/doc/*"),
        *("--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"),
        "--essential-hook=mkdir -p $1/etc/initramfs-tools/conf.d",
        f"--essential-hook=upload {HERE / 'initramfs.conf'} /etc/initramfs-tools/conf.d/vm",
        *(SUITE, str(tar)),
    ]
    run(command, _BASE_LIMIT_S, log=places / "base.log")
    mark.write_text(key)
    return tar


def make_modules(places: Places, release: str) -> list[Path]:
    """gpio-sim, which Debian's kernels lack, and the screen; built in a system of their own."""
    out, mark = places / "modules", places / "modules.done"
    key = fingerprint([release.encode(), HERE / "modules"])
    made = [out / name for name in _MODULES]
    if is_current(mark, key) and all(one.is_file() for one in made):
        return made
    mark.unlink(missing_ok=True)
    out.mkdir(exist_ok=True)
    wanted = [_HEADERS[places.arch], "linux-source-6.1", "make", "gcc", "xz-utils"]
    command = [
        *("mmdebstrap", "--mode=root", "--variant=minbase", f"--architectures={places.arch}"),
        *(f"--include={','.join(wanted)}", '--aptopt=Apt::Install-Recommends "false"'),
        "--customize-hook=mkdir $1/m",
        *(f"--customize-hook=upload {path} /m/{path.name}" for path in _sources()),
        f"--customize-hook=chroot $1 sh /m/build {release}",
        *(f"--customize-hook=download /m/{name} {out / name}" for name in _MODULES),
        *(SUITE, "/dev/null"),
    ]
    run(command, _MODULES_LIMIT_S, log=places / "modules.log")
    if not all(one.is_file() for one in made):
        raise VirtualBoxError(f"the kernel modules were not built: see {places / 'modules.log'}")
    mark.write_text(key)
    return made


def make_root(tar: Path, root: Path) -> None:
    """A fresh copy of the base system."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    run(["tar", "-xpf", tar, "-C", root, "--xattrs", "--exclude=./dev/*"], 600)


def kernel_release(root: Path) -> str:
    """The newest kernel in a root file system."""
    found = sorted(path.name.removeprefix("vmlinuz-") for path in (root / "boot").glob("vmlinuz-*"))
    if not found:
        raise VirtualBoxError(f"{root}: no kernel")
    return found[-1]


def _sources() -> list[Path]:
    return sorted(path for path in (HERE / "modules").iterdir() if path.is_file())
