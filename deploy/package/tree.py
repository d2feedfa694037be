"""The files of the package, laid out as they will lie on the box."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.package import wheels
from deploy.package.target import Target

HOME = Path("opt/smartlooper")
DEMO = Path("usr/share/smartlooper/corpora/demo")
DOC = Path("usr/share/doc/smartlooper")
_BUILD_LIMIT_S = 600
_START = f"""\
#!/{HOME}/bin/python3
import sys

from appliance.cli import main

# Worker processes import this file again, and are not to begin another box.
if __name__ == "__main__":
    sys.exit(main())
"""


class IncompleteError(Exception):
    """The package would not work."""


def lay_out(repository: Path, target: Target, root: Path, work: Path) -> None:
    """All files, below `root`, which is made anew."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(repository / "deploy/root", root, symlinks=True)
    _environment(root / HOME, target)
    site = root / HOME / f"lib/python{target.python}/site-packages"
    wheels.install(repository, target, site, work)
    _check(repository, site, target)
    command = root / "usr/bin/smartlooper"
    command.parent.mkdir(parents=True)
    command.symlink_to(f"/{HOME}/bin/smartlooper")
    shutil.copy2(repository / "deploy/config.toml", root / "etc/smartlooper/config.toml")
    _documents(repository, root / DOC)
    _demo(repository, root / DEMO, work)
    _plain_modes(root)


def _environment(home: Path, target: Target) -> None:
    """A virtual environment is a note on which Python it belongs to, a link to that, and its
    packages; what else `python -m venv` makes is for people who activate it."""
    (home / "bin").mkdir(parents=True)
    system = "true" if target.from_debian else "false"
    (home / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = {system}\nversion = {target.python}\n"
        f"executable = /usr/bin/python{target.python}\n"
    )
    for name in ("python", "python3", f"python{target.python}"):
        (home / "bin" / name).symlink_to(f"/usr/bin/python{target.python}")
    start = home / "bin/smartlooper"
    start.write_text(_START)
    start.chmod(0o755)


def _check(repository: Path, site: Path, target: Target) -> None:
    if lost := wheels.forgotten(repository, site):
        raise IncompleteError(
            f"not in the wheel: {', '.join(lost)}; name their packages in pyproject.toml"
        )
    if missing := wheels.unmet(site, target):
        raise IncompleteError(f"{'; '.join(missing)}: change the constraints")


def _documents(repository: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("README.md", "CHANGELOG.md"):
        shutil.copy2(repository / name, folder / name)
    shutil.copy2(repository / "LICENSE", folder / "copyright")
    # Settings that were spoilt come back from here: apt leaves those in /etc as they are.
    (folder / "examples").mkdir(exist_ok=True)
    shutil.copy2(repository / "deploy/config.toml", folder / "examples/config.toml")


def _demo(repository: Path, place: Path, work: Path) -> None:
    """The demo corpus as a bundle. It is the same for every machine, and so made on this one."""
    built = work / "demo"
    recordings = sorted(map(str, (repository / "corpus/demo").glob("*.mid")))
    recordings = [one for one in recordings if Path(one).name != "solo.mid"]
    command = [sys.executable, "-m", "appliance", "corpus", "build", *recordings]
    options = ["--out", str(built), "--cache", str(work / "cache"), "--jobs", "1"]
    subprocess.run(
        [*command, *options],
        check=True,
        timeout=_BUILD_LIMIT_S,
        cwd=repository,
        stdout=subprocess.DEVNULL,
    )
    shutil.copytree(built, place)


def _plain_modes(root: Path) -> None:
    """What may be run is 0755, the rest 0644, whatever the umask of who builds it."""
    for folder, _, names in os.walk(root):
        os.chmod(folder, 0o755)
        for path in (Path(folder) / name for name in names):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
