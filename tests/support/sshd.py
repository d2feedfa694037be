"""An sshd of our own on loopback, where one can only upload, as on the box."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.jack import wait_until

UPLOADER = "nobody"  # a user that every machine has, without a shell
_OPTIONS = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {keys}/host
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile {keys}/client.pub
Subsystem sftp internal-sftp
Match User {user}
    ChrootDirectory {root}
    ForceCommand internal-sftp -d /inbox
    DisableForwarding yes
    PermitTTY no
"""


@dataclass(frozen=True)
class UploadServer:
    """Where uploads go in, and how to log in; `inbox` is what the uploader sees as /inbox."""

    port: int
    inbox: Path
    key: Path

    def sftp(self, *lines: str) -> subprocess.CompletedProcess[str]:
        """Run a batch of sftp commands; its exit status says whether all of them worked."""
        command = ["sftp", "-q", "-b", "-", "-P", str(self.port), *self._options, self._host]
        return subprocess.run(
            command, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60
        )

    def scp(self, source: Path, to: str = "") -> subprocess.CompletedProcess[str]:
        """`scp -r source box:to`."""
        command = ["scp", "-q", "-r", "-P", str(self.port), *self._options, str(source)]
        return subprocess.run(
            [*command, f"{self._host}:{to}"], capture_output=True, text=True, timeout=60
        )

    def ssh(self, command: str) -> subprocess.CompletedProcess[str]:
        """Try to run a command, which must not work."""
        return subprocess.run(
            ["ssh", "-p", str(self.port), *self._options, self._host, command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    @property
    def _host(self) -> str:
        return f"{UPLOADER}@127.0.0.1"

    @property
    def _options(self) -> list[str]:
        options = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")
        return ["-i", str(self.key), "-o", "LogLevel=ERROR", *(f"-o{one}" for one in options)]


@pytest.fixture
def upload_server() -> Iterator[UploadServer]:
    """Skipped where there is no sshd, or no right to lock somebody into a folder."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if sshd is None or os.geteuid() != 0:
        pytest.skip("an sshd that locks its user into a folder needs openssh-server and root")
    # The folder and all above it must be root's alone, which nothing below /tmp is.
    base = Path(tempfile.mkdtemp(prefix="smartlooper-test-", dir="/run"))
    base.chmod(0o755)
    keys, root = base / "keys", base / "box"
    Path("/run/sshd").mkdir(exist_ok=True)
    try:
        for folder in (keys, root, root / "inbox"):
            folder.mkdir()
        shutil.chown(root / "inbox", UPLOADER)
        for name in ("host", "client"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name)]
            subprocess.run(command, check=True)
        port = _free_port()
        (keys / "config").write_text(
            _OPTIONS.format(port=port, keys=keys, user=UPLOADER, root=root)
        )
        server = subprocess.Popen([sshd, "-D", "-e", "-f", str(keys / "config")])
        try:
            wait_until(lambda: _listens(port), "sshd")
            yield UploadServer(port, root / "inbox", keys / "client")
        finally:
            server.terminate()
            server.wait(10)
    finally:
        shutil.rmtree(base)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
