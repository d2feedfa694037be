"""A tree becomes a package: control file, list of conffiles, sums, scripts; dpkg-deb packs it."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from deploy.package.target import Target

_LIMIT_S = 600
_DEPENDS = (
    "libasound2-data",
    "libc6 (>= 2.34)",
    "openssh-server",
    "procps",
    "systemd (>= 252)",
    "udev",
)
_RECOMMENDS = ("avahi-daemon", "alsa-utils")
_DESCRIPTION = """\
 A live looper for pianists: tap, play a few bars, tap, and it answers with
 phrases that you recorded earlier, chosen to fit, for as long as you like.
 .
 This package holds the whole instrument for a Raspberry Pi between a
 Disklavier or another MIDI keyboard, a footswitch and a small screen, with its
 own Python environment, its service, and a corpus to begin with."""


def full_version(version: str, target: Target) -> str:
    return f"{version}~{target.suite}"


def file_name(version: str, target: Target) -> str:
    return f"smartlooper_{full_version(version, target)}_{target.arch}.deb"


def control(version: str, target: Target, size_kib: int) -> str:
    """deb-control(5)."""
    major, minor = target.python.split(".")
    python = (f"python3 (>= {target.python})", f"python3 (<< {major}.{int(minor) + 1})")
    needed = target.from_debian.values() or ("libasound2 (>= 1.2.8)",)
    depends = ", ".join(sorted((*python, *_DEPENDS, *needed)))
    return (
        "Package: smartlooper\n"
        f"Version: {full_version(version, target)}\n"
        f"Architecture: {target.arch}\n"
        "Maintainer: The SmartLooper authors <smartlooper@localhost>\n"
        f"Installed-Size: {size_kib}\n"
        f"Depends: {depends}\n"
        f"Recommends: {', '.join((*_RECOMMENDS, *target.from_raspberry.values()))}\n"
        "Section: sound\n"
        "Priority: optional\n"
        "Description: live looper that answers pianists with their own phrases\n"
        f"{_DESCRIPTION}\n"
    )


def build(root: Path, scripts: Path, version: str, target: Target, out: Path) -> Path:
    """The package of what lies below `root`; its path."""
    out.mkdir(parents=True, exist_ok=True)
    meta = root / "DEBIAN"
    shutil.rmtree(meta, ignore_errors=True)
    files = contents(root)
    size = sum((root / name).stat().st_size for name in files)
    meta.mkdir(mode=0o755)
    (meta / "control").write_text(control(version, target, -(-size // 1024)))
    (meta / "conffiles").write_text("".join(f"/{one}\n" for one in files if one.startswith("etc/")))
    (meta / "md5sums").write_text("".join(f"{_md5(root / one)}  {one}\n" for one in files))
    for script in sorted(scripts.iterdir()):
        shutil.copy(script, meta / script.name)
        (meta / script.name).chmod(0o755)
    package = out / file_name(version, target)
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "-z4", "--build", str(root), str(package)]
    subprocess.run(
        command,
        check=True,
        timeout=_LIMIT_S,
        env=os.environ | {"SOURCE_DATE_EPOCH": _newest_change(scripts.parent.parent)},
        stdout=subprocess.DEVNULL,
    )
    return package


def contents(root: Path) -> list[str]:
    """Every plain file, by its path below `root`, in order."""
    found = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(
        str(path.relative_to(root)) for path in found if path.relative_to(root).parts[0] != "DEBIAN"
    )


def _newest_change(repository: Path) -> str:
    """The time of the last commit: the same source makes the same package."""
    command = ["git", "-C", str(repository), "log", "-1", "--format=%ct"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return said.stdout.strip() or "0"


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
