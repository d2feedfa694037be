"""`python -m deploy.package [--arch amd64] [--suite bookworm] [--out dist]`."""

import argparse
import subprocess
import sys
from pathlib import Path

from deploy.package import debian, tree, wheels
from deploy.package.target import MACHINES, PYTHONS, Target

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.package", description=__doc__)
    parser.add_argument("--arch", choices=MACHINES, default="amd64")
    parser.add_argument("--suite", choices=PYTHONS, default="bookworm")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "dist")
    arguments = parser.parse_args()
    target = Target(arguments.suite, arguments.arch)
    work = REPOSITORY / "build/deb" / f"{target.suite}-{target.arch}"
    version = wheels.version(REPOSITORY)
    try:
        tree.lay_out(REPOSITORY, target, work / "root", work)
        scripts = REPOSITORY / "deploy/debian"
        package = debian.build(work / "root", scripts, version, target, arguments.out)
    except (tree.IncompleteError, subprocess.SubprocessError, OSError) as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    print(package)
    return 0


if __name__ == "__main__":
    sys.exit(main())
