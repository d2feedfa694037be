"""The package as far as it can be looked at without building it: the real files, scripts run in a
temporary root, and the builder's parts."""

import configparser
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from deploy.package import debian, tree, wheels
from deploy.package.target import MACHINES, PYTHONS, Target

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = REPOSITORY / "deploy/root"
SCRIPTS = REPOSITORY / "deploy/debian"
UNITS = sorted((ROOT / "usr/lib/systemd/system").glob("*.*"))
PLACES = ("etc/", "usr/lib/", "usr/share/")
LIMIT_S = 60


def settings(unit: Path) -> list[tuple[str, str]]:
    """Every assignment of a unit file, in order."""
    lines = unit.read_text().splitlines()
    pairs = [line.partition("=") for line in lines if re.match(r"[A-Za-z]+=", line)]
    return [(key, value.strip()) for key, _, value in pairs]


def values(unit: Path, key: str) -> list[str]:
    return [value for name, value in settings(unit) if name == key]


def test_nothing_lies_outside_the_usual_places() -> None:
    names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
    assert names
    assert [name for name in names if not name.startswith(PLACES)] == []


def test_scripts_can_be_run_and_the_rest_cannot() -> None:
    wrong = [
        path.name
        for path in (*ROOT.rglob("*"), *SCRIPTS.iterdir())
        if path.is_file()
        and (path.read_bytes()[:2] == b"#!") is not bool(path.stat().st_mode & stat.S_IXUSR)
    ]
    assert wrong == []


@pytest.mark.parametrize("script", sorted(SCRIPTS.iterdir()), ids=lambda path: path.name)
def test_maintainer_scripts_are_plain_shell(script: Path) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")
    assert "set -e" in script.read_text()
    subprocess.run(["sh", "-n", script], check=True, timeout=LIMIT_S)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_every_file_that_a_unit_runs_is_in_the_package_or_in_debian(unit: Path) -> None:
    if unit.is_dir():
        unit = next(unit.iterdir())
    ours = {f"/{path.relative_to(ROOT)}" for path in ROOT.rglob("*") if path.is_file()}
    ours |= {"/usr/bin/smartlooper", "/opt/smartlooper/bin/python3"}
    debians = {"/usr/bin/rm", "/usr/bin/systemctl", "/bin/kill"}
    for key, value in settings(unit):
        if key.startswith("Exec"):
            run = [word for word in value.split() if word.startswith("/")]
            assert run[0] in ours | debians, f"{key}={value}"
            assert all(
                word in ours | debians for word in run if word.startswith("/usr/lib/smartlooper")
            )


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """`verify` without a running systemd: whatever it says about a unit of ours is a fault."""
    folder = tmp_path / "units"
    shutil.copytree(ROOT / "usr/lib/systemd/system", folder)
    for unit in folder.glob("*.service"):  # nothing is installed here
        unit.write_text(re.sub(r"^(Exec\w+=)\S+", r"\1/bin/true", unit.read_text(), flags=re.M))
    names = sorted(str(path) for path in folder.glob("*.*") if path.is_file())
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *names],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{folder}:"},
    )
    ours = [line for line in said.stderr.splitlines() if "smartlooper" in line]
    assert ours == []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize(
    ("name", "most"),
    [("smartlooper", 2.5), ("smartlooper-first-corpus", 2.5), ("smartlooper-governor", 2.5)],
)
def test_hardening_is_scored_as_promised(name: str, most: float) -> None:
    """Offline, so without what the kernel and the machine add."""
    unit = ROOT / f"usr/lib/systemd/system/{name}.service"
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", said.stdout)
    if found is None:
        pytest.skip(f"systemd-analyze security cannot look offline here: {said.stderr[:80]}")
    assert float(found[1]) <= most


def test_the_service_has_no_capability_and_no_network() -> None:
    unit = ROOT / "usr/lib/systemd/system/smartlooper.service"
    assert values(unit, "CapabilityBoundingSet") == [""]
    assert values(unit, "AmbientCapabilities") == [""]
    assert values(unit, "PrivateNetwork") == ["yes"]
    assert values(unit, "User") == ["smartlooper"]


def test_the_service_may_open_the_devices_it_works_with_and_no_other() -> None:
    unit = ROOT / "usr/lib/systemd/system/smartlooper.service"
    assert values(unit, "DevicePolicy") == ["closed"]
    kinds = {value.split()[0] for value in values(unit, "DeviceAllow")}
    assert kinds == {"char-alsa", "char-gpiochip", "char-i2c", "char-spi", "char-input"}


def test_every_group_of_the_service_is_made() -> None:
    unit = ROOT / "usr/lib/systemd/system/smartlooper.service"
    lines = (ROOT / "usr/lib/sysusers.d/smartlooper.conf").read_text()
    from_debian = {"audio", "input"}
    assert re.search(r"^u smartlooper-upload ", lines, re.M)  # which makes the group, too
    from_debian.add("smartlooper-upload")
    for group in values(unit, "SupplementaryGroups")[0].split():
        assert group in from_debian or re.search(rf"^g {group} ", lines, re.M)
        assert re.search(rf"^m smartlooper {group}$", lines, re.M)


def test_folders_are_those_of_the_configuration() -> None:
    from appliance.config import Config

    config = Config()
    entries = (ROOT / "usr/lib/tmpfiles.d/smartlooper.conf").read_text().splitlines()
    made = {line.split()[1]: line.split()[2:5] for line in entries if line.startswith("d ")}
    assert made[config.uploads.inbox] == ["2770", "smartlooper-upload", "smartlooper-upload"]
    assert str(config.state) in made
    # sshd refuses a chroot that anybody but root may write to.
    assert made[str(Path(config.uploads.inbox).parent)] == ["0755", "root", "root"]
    power_off = ROOT / config.power_off.lstrip("/")
    assert power_off.is_file()
    note = values(ROOT / "usr/lib/systemd/system/smartlooper-power-off.path", "PathExists")
    assert note[0] in power_off.read_text()
    assert Path(note[0]).parent == config.control.socket.parent


def test_the_clock_rate_is_asked_for_by_a_service_and_not_while_files_are_made(
    tmp_path: Path,
) -> None:
    """tmpfiles.d is run in a folder of another machine too, whose /sys is that machine's."""
    lines = (ROOT / "usr/lib/tmpfiles.d/smartlooper.conf").read_text().splitlines()
    assert {line.split()[0] for line in lines if line[:1] != "#"} == {"d"}
    cores = [tmp_path / f"cpu{number}/cpufreq/scaling_governor" for number in range(3)]
    for core in cores:
        core.parent.mkdir(parents=True)
    cores[0].write_text("ondemand\n")
    cores[1].mkdir()  # cannot be written, even by root
    cores[2].write_text("powersave\n")
    script = ROOT / "usr/lib/smartlooper/governor"
    said = subprocess.run(
        [script, tmp_path], check=True, capture_output=True, text=True, timeout=LIMIT_S
    )
    assert said.stdout + said.stderr == ""
    assert cores[0].read_text() == cores[2].read_text() == "performance\n"
    subprocess.run([script, tmp_path / "none"], check=True, timeout=LIMIT_S)


def test_security_updates_go_behind_the_music() -> None:
    for name in ("apt-daily", "apt-daily-upgrade"):
        addition = ROOT / f"usr/lib/systemd/system/{name}.service.d/smartlooper.conf"
        assert values(addition, "ExecCondition") == ["/usr/lib/smartlooper/idle"]
        assert values(addition, "CPUSchedulingPolicy") == ["idle"]
        assert values(addition, "IOSchedulingClass") == ["idle"]


def test_uploads_can_do_nothing_else() -> None:
    text = (ROOT / "etc/ssh/sshd_config.d/60-smartlooper.conf").read_text()
    block = text[text.index("Match User smartlooper-upload") :]
    for line in (
        "ChrootDirectory /srv/smartlooper",
        "ForceCommand internal-sftp",
        "PasswordAuthentication no",
        "AuthenticationMethods publickey",
        "DisableForwarding yes",
        "PermitTTY no",
    ):
        assert line in block
    assert text.rstrip().endswith("Match all")


@pytest.mark.skipif(not Path("/usr/sbin/sshd").exists(), reason="sshd is not installed")
def test_sshd_takes_its_configuration(tmp_path: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"],
        check=True,
        timeout=LIMIT_S,
    )
    config = tmp_path / "sshd_config"
    ours = ROOT / "etc/ssh/sshd_config.d/60-smartlooper.conf"
    config.write_text(f"HostKey {tmp_path}/key\nUsePAM no\n{ours.read_text()}")
    Path("/run/sshd").mkdir(exist_ok=True)
    said = subprocess.run(
        ["/usr/sbin/sshd", "-T", "-f", config, "-C", "user=smartlooper-upload,host=x,addr=1.2.3.4"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert "disableforwarding yes" in said.stdout
    assert "chrootdirectory /srv/smartlooper" in said.stdout
    assert said.returncode == 0, said.stderr


def test_what_was_uploaded_is_opened_to_the_group(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    hidden = inbox / "Music" / "Takes"
    hidden.mkdir(parents=True)
    (hidden / "one.mid").write_bytes(b"x")
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o600)
    (inbox / "link").symlink_to(outside)
    for path, mode in ((hidden / "one.mid", 0o600), (hidden, 0o700), (inbox / "Music", 0o700)):
        path.chmod(mode)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "pgrep").write_text("#!/bin/sh\nexit 1\n")
    (tools / "pgrep").chmod(0o755)
    subprocess.run(
        [ROOT / "usr/lib/smartlooper/open-inbox", inbox],
        check=True,
        timeout=LIMIT_S,
        env=os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"},
    )
    assert (hidden / "one.mid").stat().st_mode & 0o777 == 0o660
    assert hidden.stat().st_mode & 0o2777 == 0o2770
    assert outside.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("active", "status", "idle"),
    [
        (False, "", True),
        (True, '{"state": "idle"}', True),
        (True, '{"state":"idle","bpm":null}', True),
        (True, '{"state": "groove"}', False),
        (True, "", False),
    ],
)
def test_upgrades_are_told_whether_it_plays(
    tmp_path: Path, active: bool, status: str, idle: bool
) -> None:
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\nexit {0 if active else 3}\n")
    answer = f"echo '{status}'" if status else "exit 2"
    (tmp_path / "smartlooper").write_text(f"#!/bin/sh\n{answer}\n")
    for tool in tmp_path.iterdir():
        tool.chmod(0o755)
    script = tmp_path / "idle"
    text = (ROOT / "usr/lib/smartlooper/idle").read_text()
    script.write_text(text.replace("/usr/bin/smartlooper", str(tmp_path / "smartlooper")))
    done = subprocess.run(
        ["sh", script], timeout=LIMIT_S, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert (done.returncode == 0) is idle


def test_the_configuration_that_is_installed_is_the_documented_one(tmp_path: Path) -> None:
    from appliance.config import Config, read_config

    assert read_config(REPOSITORY / "deploy/config.toml") == Config()


def test_settings_that_were_spoilt_can_be_fetched_again(tmp_path: Path) -> None:
    tree._documents(REPOSITORY, tmp_path)
    documented = (REPOSITORY / "deploy/config.toml").read_bytes()
    assert (tmp_path / "examples/config.toml").read_bytes() == documented
    command = f"sudo cp /{tree.DOC}/examples/config.toml /etc/smartlooper/"
    assert command in (REPOSITORY / "README.md").read_text()


@pytest.mark.parametrize("suite", PYTHONS)
def test_versions_are_fixed_for_every_requirement(suite: str) -> None:
    file = REPOSITORY / f"deploy/package/constraints-{suite}.txt"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    fixed = {canonicalize_name(line.partition("==")[0]) for line in lines}
    for arch in MACHINES:
        wanted = wheels.requirements(REPOSITORY, Target(suite, arch))
        assert {canonicalize_name(one.name) for one in wanted} <= fixed


@pytest.mark.parametrize("suite", PYTHONS)
@pytest.mark.parametrize("arch", MACHINES)
def test_control_names_what_is_needed(suite: str, arch: str) -> None:
    target = Target(suite, arch)
    parser = configparser.ConfigParser(delimiters=(":",))
    parser.read_string("[control]\n" + debian.control("1.2", target, 77))
    control = parser["control"]
    assert control["package"] == "smartlooper"
    assert control["version"] == f"1.2~{suite}"
    assert control["architecture"] == arch
    assert f"python3 (>= {PYTHONS[suite]})" in control["depends"]
    assert ("python3-rtmidi" in control["depends"]) is (suite == "trixie")
    assert ("python3-lgpio" in control["recommends"]) is (suite == "trixie")


def test_unknown_targets_are_named() -> None:
    with pytest.raises(ValueError, match="buster"):
        Target("buster", "amd64")


@pytest.mark.parametrize("suite", PYTHONS)
def test_requirements_are_those_of_the_target(suite: str) -> None:
    names = {one.name: one for one in wheels.requirements(REPOSITORY, Target(suite, "arm64"))}
    assert ("tflite-runtime" in names) is (suite == "bookworm")
    assert ("ai-edge-litert" in names) is (suite == "trixie")
    assert ({"python-rtmidi", "lgpio"} <= set(names)) is (suite == "bookworm")
    assert {"gpiozero", "numpy", "luma.oled"} <= set(names)


def test_what_a_wheel_lacks_is_found(tmp_path: Path) -> None:
    info = tmp_path / "thing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n"
        "Requires-Dist: other>=2\n"
        'Requires-Dist: never; python_version < "3.0"\n'
        'Requires-Dist: more; extra == "full"\n'
    )
    target = Target("bookworm", "arm64")
    assert wheels.unmet(tmp_path, target) == ["thing wants other>=2"]
    other = tmp_path / "other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: Other\nVersion: 2.1\n")
    assert wheels.unmet(tmp_path, target) == []


def test_a_package_lists_what_is_in_it(tmp_path: Path) -> None:
    """A tiny tree, packed by the real dpkg-deb and read back."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("dpkg-deb is not installed")
    root = tmp_path / "root"
    (root / "etc/smartlooper").mkdir(parents=True)
    (root / "etc/smartlooper/config.toml").write_text("# nothing\n")
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr/lib/tool").write_text("#!/bin/sh\n")
    (root / "usr/lib/tool").chmod(0o755)
    package = debian.build(root, SCRIPTS, "0.9", Target("bookworm", "arm64"), tmp_path / "out")
    assert package.name == "smartlooper_0.9~bookworm_arm64.deb"
    listing = subprocess.run(
        ["dpkg-deb", "-c", package], capture_output=True, text=True, check=True, timeout=LIMIT_S
    ).stdout
    assert re.search(r"-rwxr-xr-x root/root .* \./usr/lib/tool\n", listing)
    field = ["dpkg-deb", "-I", package, "conffiles"]
    conffiles = subprocess.run(field, capture_output=True, text=True, timeout=LIMIT_S).stdout
    assert conffiles == "/etc/smartlooper/config.toml\n"


def test_the_environment_belongs_to_debians_python(tmp_path: Path) -> None:
    tree._environment(tmp_path, Target("bookworm", "arm64"))
    assert os.readlink(tmp_path / "bin/python3") == "/usr/bin/python3.11"
    assert "include-system-site-packages = false" in (tmp_path / "pyvenv.cfg").read_text()
    start = (tmp_path / "bin/smartlooper").read_text()
    assert start.startswith("#!/opt/smartlooper/bin/python3\n")
    # A worker process that is spawned runs the file again, under another name.
    code = compile(start, "smartlooper", "exec")
    exec(code, {"__name__": "__mp_main__"})
    with pytest.raises(SystemExit):
        exec(code, {"__name__": "__main__"})


STUBS = [
    "deb-systemd-helper",
    "deb-systemd-invoke",
    "find",
    "rm",
    "systemctl",
    "systemd-sysusers",
    "systemd-tmpfiles",
    "udevadm",
]


def calls(script: str, *arguments: str, tmp_path: Path) -> list[str]:
    """What a maintainer script would run, with everything it could run replaced by a note."""
    tools, log = tmp_path / "stubs", tmp_path / "log"
    tools.mkdir(exist_ok=True)
    log.write_text("")
    for name in STUBS:
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {log}\n')
        (tools / name).chmod(0o755)
    subprocess.run(
        ["/bin/sh", SCRIPTS / script, *arguments],
        check=True,
        timeout=LIMIT_S,
        env={"PATH": str(tools)},
    )
    return log.read_text().splitlines()


def test_configuring_twice_does_the_same(tmp_path: Path) -> None:
    once = calls("postinst", "configure", tmp_path=tmp_path)
    again = calls("postinst", "configure", "0.1.0", tmp_path=tmp_path)
    assert once == again
    assert once[0] == "systemd-sysusers smartlooper.conf"
    for unit in (
        "smartlooper.service",
        "smartlooper-inbox.path",
        "smartlooper-power-off.path",
        "smartlooper-governor.service",
    ):
        assert f"deb-systemd-helper enable {unit}" in once


def test_what_is_not_configuring_changes_nothing(tmp_path: Path) -> None:
    assert calls("postinst", "triggered", tmp_path=tmp_path) == []


def test_removing_keeps_what_was_played_and_purging_does_not(tmp_path: Path) -> None:
    assert not any("rm -rf" in line for line in calls("postrm", "remove", tmp_path=tmp_path))
    assert not any("rm -rf" in line for line in calls("postrm", "upgrade", tmp_path=tmp_path))
    gone = next(line for line in calls("postrm", "purge", tmp_path=tmp_path) if "rm -rf" in line)
    assert gone.split()[2:] == [
        "/var/lib/smartlooper",
        "/var/cache/smartlooper",
        "/srv/smartlooper",
        "/etc/smartlooper",
    ]


def test_every_unit_that_is_enabled_is_stopped_and_purged(tmp_path: Path) -> None:
    wanted = [unit.name for unit in UNITS if unit.is_file() and "[Install]" in unit.read_text()]
    for script in ("postinst", "prerm", "postrm"):
        text = (SCRIPTS / script).read_text()
        assert all(name in text for name in wanted), script
