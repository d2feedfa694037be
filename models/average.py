"""`python -m models.average ONE.pt:0.4 OTHER.pt:0.6 --out BOTH.pt`: the mean of trained encoders.

Runs that began at the same checkpoint and learnt to want slightly different things lie in one
valley; between them is an encoder that does both, and holds better for songs that neither has heard
(Wortsman et al. 2022, "Model soups").
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.errors import ModelError
from models.train import load, save


def parse(text: str) -> tuple[Path, float]:
    """A checkpoint and its share, as on the command line."""
    path, _, share = text.rpartition(":")
    try:
        return Path(path), float(share)
    except ValueError as error:
        raise ModelError(f"{text!r}: CHECKPOINT.pt:SHARE is wanted, such as one.pt:0.5") from error


def average(states: Sequence[dict[str, Any]], shares: Sequence[float]) -> dict[str, Any]:
    """A checkpoint like the first with the mean of all encoders; ModelError where they are not of
    one shape, or the shares do not make up 1."""
    if abs(sum(shares) - 1) > 1e-6 or min(shares) < 0:
        raise ModelError(f"shares {', '.join(f'{share:g}' for share in shares)}: must make up 1")
    encoders = [state["encoder"] for state in states]
    shapes = [{name: value.shape for name, value in encoder.items()} for encoder in encoders]
    if any(shape != shapes[0] for shape in shapes):
        raise ModelError("the checkpoints are of different networks; give some of one shape")
    mean = {
        name: sum(share * one[name] for share, one in zip(shares, encoders, strict=True))
        for name in encoders[0]
    }
    return dict(states[0]) | {"encoder": mean}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.average", description=__doc__)
    parser.add_argument("checkpoints", nargs="+", metavar="CHECKPOINT.pt:SHARE")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(argv)
    try:
        given = [parse(text) for text in options.checkpoints]
        states = [load(path) for path, _ in given]
        save(options.out, average(states, [share for _, share in given]))
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
