"""The card: what is laid over Debian, and what runs at its first start."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

IMAGE = Path(__file__).resolve().parents[2] / "deploy/image"
FILES = IMAGE / "files"
LIMIT_S = 60
MIB = 2048  # sectors


def run(*words: str | Path, data: str = "") -> str:
    done = subprocess.run(
        words, input=data, capture_output=True, text=True, timeout=LIMIT_S, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def card(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A card of 64 MiB with a partition of 16, as (its device, the label of the partition)."""
    programs = ("losetup", "sfdisk", "partx", "mke2fs", "findfs", "lsblk")
    if os.geteuid() or not all(map(shutil.which, programs)):
        pytest.skip("it needs root, and the programs of fdisk and util-linux")
    image, label = tmp_path / "card.img", uuid.uuid4().hex[:12]
    image.write_bytes(b"")
    os.truncate(image, 64 * 1024 * 1024)
    run("sfdisk", "-q", image, data=f"label: dos\nstart=2048, size={16 * MIB}, type=83\n")
    try:
        disk = run("losetup", "--find", "--show", image)
    except subprocess.CalledProcessError:
        pytest.skip("no loop devices here")
    try:
        run("partx", "--add", disk)
        run("mke2fs", "-q", "-t", "ext4", "-L", label, f"{disk}p1")
        yield disk, label
    finally:
        run("partx", "--delete", disk)
        run("losetup", "--detach", disk)


def test_the_last_partition_grows_to_the_end_of_the_card_once(card: tuple[str, str]) -> None:
    disk, label = card
    size = Path(f"/sys/class/block/{Path(disk).name}p1/size")
    assert int(size.read_text()) == 16 * MIB
    for _ in range(2):
        run(FILES / "usr/lib/smartlooper/grow-data", label)
        assert int(size.read_text()) == 63 * MIB
        assert f"size= {63 * MIB:11}" in run("sfdisk", "--dump", disk)
    assert run("e2label", f"{disk}p1") == label


def test_a_disk_without_partitions_is_left_alone(tmp_path: Path) -> None:
    """As the virtual box has one."""
    if os.geteuid() or not shutil.which("losetup"):
        pytest.skip("it needs root")
    image, label = tmp_path / "whole.img", uuid.uuid4().hex[:12]
    image.write_bytes(b"")
    os.truncate(image, 16 * 1024 * 1024)
    run("mke2fs", "-q", "-t", "ext4", "-L", label, image)
    before = image.read_bytes()
    try:
        disk = run("losetup", "--find", "--show", image)
    except subprocess.CalledProcessError:
        pytest.skip("no loop devices here")
    try:
        run(FILES / "usr/lib/smartlooper/grow-data", label)
    finally:
        run("losetup", "--detach", disk)
    assert image.read_bytes() == before


def test_a_card_needs_a_key() -> None:
    done = subprocess.run([IMAGE / "build", "a.deb", "b.img"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("build: ")
    assert done.stderr.count("\n") == 1


def test_the_box_needs_no_data_partition() -> None:
    """No unit of the box has a setting by which systemd would insist on its mounts."""
    for unit in ("smartlooper", "smartlooper-first-corpus"):
        over = (FILES / f"etc/systemd/system/{unit}.service.d/data.conf").read_text()
        package = IMAGE.parent / f"root/usr/lib/systemd/system/{unit}.service"
        asked = {line.partition("=")[0] for line in package.read_text().splitlines()}
        for setting in asked & {"StateDirectory", "CacheDirectory", "LogsDirectory"}:
            assert f"\n{setting}=\n" in over, f"{unit}: {setting}"
    mounts = (FILES / "etc/fstab").read_text().splitlines()
    assert all("nofail" in line for line in mounts if line.startswith(("LABEL=data", "/data")))
