"""Turn a trained notes encoder into the file that is shipped:
`python -m models.export build/train/contrast.pt --out models/notes_encoder.tflite`.

The file has one signature a window size, all with the same weights, stored as float16 and computed
in float32. `--random` keeps the architecture and throws the training away, to compare with.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.errors import ModelError
from models.network import NotesEncoder, Shape
from models.note_tokens import FIELDS
from models.notes_encoder import WINDOWS, signature_name
from models.storing import store_weights
from models.tflite import TfliteModel, seal
from models.train import load

MOST_DIFFERENCE = 2e-3  # between torch and the exported file, of a unit vector's elements


def read_encoder(path: Path) -> Any:
    """The encoder of a checkpoint of models.train; ModelError where there is none."""
    state = load(path)
    settings = state["settings"]
    shape = Shape(**{name: settings[name] for name in Shape.__dataclass_fields__})
    encoder = NotesEncoder(shape)
    encoder.load_state_dict(state["encoder"])
    return encoder.eval()


def random_encoder(shape: Shape, seed: int) -> Any:
    """The same architecture with every matrix drawn anew, of variance one over its inputs."""
    torch.manual_seed(seed)
    model = NotesEncoder(shape)
    for matrix in model.parameters():
        if matrix.ndim > 1:
            torch.nn.init.normal_(matrix, std=matrix.shape[1] ** -0.5)
    return model.eval()


def export(encoder: Any, out: Path, half: bool = True) -> None:
    """Write the `.tflite` file and check that it gives what torch gives."""
    import litert_torch  # here: it takes seconds

    converter = None
    for size in WINDOWS:
        sample = (torch.from_numpy(example_tokens(size, 0)),)
        add = litert_torch.signature if converter is None else converter.signature
        converter = add(signature_name(size), encoder, sample)
    assert converter is not None
    converter.convert().export(str(out))
    if half:
        store_weights(out, 16)
    out.write_bytes(seal(out.read_bytes()))
    worst = difference(encoder, out)
    if worst > MOST_DIFFERENCE:
        raise ModelError(f"{out}: differs from torch by {worst:.1e}, at most {MOST_DIFFERENCE:.0e}")


def difference(encoder: Any, path: Path) -> float:
    """The largest difference of an element between torch and the file, over every window."""
    model = TfliteModel(path)
    worst = 0.0
    for size in WINDOWS:
        tokens = example_tokens(size, 1)
        with torch.no_grad():
            wanted = encoder(torch.from_numpy(tokens)).numpy()
        worst = max(worst, float(np.abs(model.run(signature_name(size), tokens) - wanted).max()))
    return worst


def example_tokens(size: int, seed: int) -> Any:
    """A window with a third of padding."""
    rng = np.random.default_rng([seed, size])
    tokens = np.zeros((1, size, len(FIELDS)), np.int32)
    count = size - size // 3
    tokens[0, :count, 0] = np.sort(rng.integers(0, 264, count))
    tokens[0, :count, 1] = rng.integers(30, 90, count)
    tokens[0, :count, 2] = rng.integers(4, 64, count)
    tokens[0, :count, 3] = rng.integers(20, 120, count)
    return tokens


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.export", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, default=Path("models/notes_encoder.tflite"))
    parser.add_argument("--float32", action="store_true", help="do not halve the weights")
    parser.add_argument("--random", type=int, metavar="SEED", help="weights that learned nothing")
    options = parser.parse_args(argv)
    try:
        encoder = read_encoder(options.checkpoint)
        if options.random is not None:
            encoder = random_encoder(encoder.shape, options.random)
        export(encoder, options.out, half=not options.float32)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    size = options.out.stat().st_size / 1e6
    print(f"{options.out}: {size:.1f} MB, within {difference(encoder, options.out):.1e} of torch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
