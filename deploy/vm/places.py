"""Where the virtual box keeps what it makes, and how commands are run."""

import hashlib
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HERE = REPOSITORY / "deploy/vm"
IMAGE = REPOSITORY / "deploy/image"

PATIENCE = float(os.environ.get("VM_PATIENCE", "1"))
"""What every time limit is multiplied by: they are for a machine that has nothing else to do."""

_CLEAN = ("PIP_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PYTHON", "LC_", "LANG")


class VirtualBoxError(Exception):
    """A step failed; the message is one line."""


class CommandFailed(VirtualBoxError):  # noqa: N818 - reads as the fact it reports
    """A command ended, and not well; `code` is its exit status, LOST where it is that of an ssh or
    sftp that did not reach the guest."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class BrokenPromise(VirtualBoxError):  # noqa: N818
    """After a power cut something on the card is not as it has to be."""


LOST = 255


@dataclass(frozen=True)
class Places:
    """All that is kept for one architecture; may be deleted at any time."""

    arch: str
    folder: Path

    @classmethod
    def of(cls, arch: str) -> "Places":
        folder = REPOSITORY / "build/vm" / arch
        folder.mkdir(parents=True, exist_ok=True)
        return cls(arch, folder)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


def run(
    command: Sequence[str | Path], limit_s: float, *, log: Path | None = None, data: bytes = b""
) -> str:
    """What the command says; VirtualBoxError with its last words if it fails or takes too long."""
    words = [str(word) for word in command]
    environ = {k: v for k, v in os.environ.items() if not k.startswith(_CLEAN)} | {"LC_ALL": "C"}
    try:
        done = subprocess.run(
            words,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit_s * PATIENCE,
            env=environ,
        )
    except FileNotFoundError as error:
        raise VirtualBoxError(f"{words[0]} is not installed; see deploy/vm/README.md") from error
    except subprocess.TimeoutExpired as error:
        raise VirtualBoxError(f"{words[0]} took longer than {limit_s:g} s") from error
    said = done.stdout.decode(errors="replace")
    if log is not None:
        log.write_text(said)
    if done.returncode:
        last = " / ".join(said.strip().splitlines()[-6:])
        what = f"{' '.join(words)[:200]}: exit {done.returncode}: {last[-800:]}"
        raise CommandFailed(what, done.returncode)
    return said


def host() -> str:
    """This machine's processor, as Debian names it; empty if the virtual box knows it not."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "")


def is_foreign(arch: str) -> bool:
    """Whether its programs have to be emulated here."""
    return arch != host()


def fingerprint(parts: Iterable[bytes | Path]) -> str:
    """Of bytes, files, and folders with all that is in them."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, bytes):
            digest.update(part + b"\0")
            continue
        paths = sorted(part.rglob("*")) if part.is_dir() else [part]
        for path in paths:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(REPOSITORY)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def is_current(mark: Path, print_: str) -> bool:
    """Whether a step was done with the same ingredients."""
    return mark.is_file() and mark.read_text() == print_
