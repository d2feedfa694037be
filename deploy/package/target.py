"""What a package is built for: a Debian release on a processor, and the Python that it has.

Nothing of the target is run, so the package for a Pi is built on any machine.
"""

from dataclasses import dataclass

PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_GLIBCS = {"bookworm": 36, "trixie": 41}
_OLDEST_GLIBC = 17
_FROM_DEBIAN = {"trixie": {"python-rtmidi": "python3-rtmidi (>= 1.5.8)"}}
_FROM_RASPBERRY = {"trixie": {"lgpio": "python3-lgpio"}}


@dataclass(frozen=True)
class Target:
    """`suite` is one of PYTHONS, `arch` one of MACHINES, as Debian names them."""

    suite: str
    arch: str

    def __post_init__(self) -> None:
        for what, name, known in (
            ("suite", self.suite, PYTHONS),
            ("arch", self.arch, MACHINES),
        ):
            if name not in known:
                raise ValueError(f"{what} {name!r}: one of {', '.join(known)} is wanted")

    @property
    def python(self) -> str:
        return PYTHONS[self.suite]

    @property
    def machine(self) -> str:
        return MACHINES[self.arch]

    @property
    def platforms(self) -> list[str]:
        """The tags of wheels that run there, by the C library that the release has."""
        tags = [
            f"manylinux_2_{minor}_{self.machine}"
            for minor in range(_GLIBCS[self.suite], _OLDEST_GLIBC - 1, -1)
        ]
        return [*tags, f"manylinux2014_{self.machine}"]

    @property
    def environment(self) -> dict[str, str]:
        """For the markers of requirements (PEP 508)."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }

    @property
    def from_debian(self) -> dict[str, str]:
        """Requirements for which the release has a package and the index has no wheel."""
        return _FROM_DEBIAN.get(self.suite, {})

    @property
    def from_raspberry(self) -> dict[str, str]:
        """The same where only Raspberry Pi OS has the package, and only a Pi needs it."""
        return _FROM_RASPBERRY.get(self.suite, {})
