"""The application and what it needs, as they lie in a virtual environment of the target."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from deploy.package.target import Target

ROOMS = ("models", "corpus", "appliance", "firmware")
EXTRA = "pi"
_SOURCES = ("pyproject.toml", "README.md", "LICENSE", *ROOMS)
_LIMIT_S = 900


def requirements(repository: Path, target: Target) -> list[Requirement]:
    """Of the application with what a Pi needs, as far as they hold on the target."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"][EXTRA]]
    found = [Requirement(line) for line in lines]
    return [one for one in found if _holds(one, target) and not _given(one, target)]


def version(repository: Path) -> str:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def install(repository: Path, target: Target, site: Path, work: Path) -> None:
    """Everything into `site`. The markers of what is needed in turn are judged by pip for the
    machine it runs on, so `unmet` has the last word."""
    wanted = []
    for one in requirements(repository, target):
        one.marker = None
        wanted.append(str(one))
    wheel = application(repository, work)
    constraints = repository / "deploy/package" / f"constraints-{target.suite}.txt"
    _pip(
        *("install", "--quiet", "--no-compile", "--only-binary=:all:", "--target", str(site)),
        *("--python-version", target.python, "--implementation", "cp"),
        *("--abi", f"cp{target.python.replace('.', '')}", "--abi", "abi3", "--abi", "none"),
        *(f"--platform={tag}" for tag in target.platforms),
        *("--constraint", str(constraints), *wanted),
    )
    _pip("install", "--quiet", "--no-compile", "--no-deps", "--target", str(site), str(wheel))
    shutil.rmtree(site / "bin", ignore_errors=True)
    for folder in sorted(site.rglob("__pycache__")):  # some wheels bring their own
        shutil.rmtree(folder)


def application(repository: Path, work: Path) -> Path:
    """Its wheel, built from a copy: a build in the working tree would also pack what was built
    there before and is no more."""
    source = work / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    for name in _SOURCES:
        place = repository / name
        if place.is_dir():
            shutil.copytree(place, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(place, source / name)
    wheels = work / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    _pip("wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(source))
    return next(wheels.glob("*.whl"))


def forgotten(repository: Path, site: Path) -> list[str]:
    """Modules and files of the application that are not in its wheel."""
    wanted = {
        str(path.relative_to(repository))
        for room in ROOMS
        for pattern in ("*.py", "*.tflite", "*.toml")
        for path in (repository / room).rglob(pattern)
    }
    return sorted(name for name in wanted if not (site / name).is_file())


def unmet(site: Path, target: Target) -> list[str]:
    """What some distribution in `site` requires on the target, and is not there."""
    there = {canonicalize_name(one.metadata["Name"]): one for one in _found(site)}
    return sorted(
        f"{name} wants {wanted}"
        for name, one in there.items()
        for wanted in map(Requirement, one.requires or ())
        if _holds(wanted, target) and not _given(wanted, target) and not _met(wanted, there)
    )


def _met(wanted: Requirement, there: Mapping[NormalizedName, Distribution]) -> bool:
    one = there.get(canonicalize_name(wanted.name))
    return one is not None and wanted.specifier.contains(Version(one.version), prereleases=True)


def _found(site: Path) -> Iterator[Distribution]:
    return iter(distributions(path=[str(site)]))


def _holds(one: Requirement, target: Target) -> bool:
    return one.marker is None or one.marker.evaluate(target.environment | {"extra": ""})


def _given(one: Requirement, target: Target) -> bool:
    return canonicalize_name(one.name) in target.from_debian | target.from_raspberry


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, timeout=_LIMIT_S)
