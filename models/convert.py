"""Convert a published encoder into a file for the box:
`python -m models.convert specdiff --checkpoint DIR --out specdiff.tflite [--int8]`.

DIR is the folder `notes_encoder` of the published Spectrogram Diffusion in the layout of diffusers:
config.json beside diffusion_pytorch_model.safetensors or diffusion_pytorch_model.bin. Nothing in it
is executed. The file has one signature a window size, all with the same weights; the runtime keeps
its own copy of the weights for each.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.errors import ModelError
from models.specdiff import SpecDiff, signature_name
from models.specdiff_network import PublishedEncoder, Sizes, published_names
from models.storing import store_weights
from models.tflite import seal
from models.tokens import END, UNKNOWN, VOCABULARY

WINDOWS = (256, 512, 2048)  # tokens
WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
LEAST_COSINE = 0.999  # between the vectors of torch and of the file

_KIND = "SpectrogramNotesEncoder"
_SIZES = {  # ours -> the published configuration's
    "vocabulary": "vocab_size",
    "positions": "max_length",
    "width": "d_model",
    "layers": "num_layers",
    "heads": "num_heads",
    "head_width": "d_kv",
    "hidden": "d_ff",
}
_IDS = UNKNOWN + 1 + sum(high - low + 1 for _, low, high in VOCABULARY)
_CURE = f"give the folder of a {_KIND} in the layout of diffusers"


def convert(folder: Path, out: Path, windows: Sequence[int] = WINDOWS, int8: bool = False) -> float:
    """Write the `.tflite` file and return the smallest cosine between its vectors and torch's;
    ModelError, and no file, where that is below LEAST_COSINE.

    `int8` stores the weights so, with a scale a row; they are computed in float32 all the same,
    because tflite-runtime 2.14 gives wrong results for int8 arithmetic with such scales.
    """
    encoder = read_encoder(folder)
    windows = _checked_windows(windows, encoder.sizes.positions)
    try:
        with tempfile.TemporaryDirectory(dir=out.parent) as work:
            made = Path(work) / out.name
            export(encoder, made, windows, int8)
            worst = least_cosine(encoder, made)
            if worst < LEAST_COSINE:
                raise ModelError(
                    f"{out}: not written: cosine {worst:.4f} to torch, at least {LEAST_COSINE}"
                )
            os.replace(made, out)
    except OSError as error:
        raise ModelError(f"{out}: cannot be written ({error.strerror})") from error
    return worst


def read_encoder(folder: Path) -> PublishedEncoder:
    """The encoder of a published checkpoint; ModelError where the folder has none."""
    sizes = read_sizes(folder / "config.json")
    state = read_state(folder)
    names = published_names(sizes.layers)
    encoder = PublishedEncoder(sizes)
    _check_names(folder, state, names, encoder.state_dict())
    encoder.load_state_dict({ours: state[theirs].float() for theirs, ours in names.items()})
    encoder.eval()
    return encoder


def read_sizes(path: Path) -> Sizes:
    """From a published configuration; ModelError where it is not of this architecture."""
    config = _read_json(path)
    kind = config.get("_class_name", _KIND)
    if kind != _KIND:
        raise ModelError(f"{path}: is of a {kind}; {_CURE}")
    for name, wanted in (("feed_forward_proj", "gated-gelu"), ("is_decoder", False)):
        if config.get(name, False) != wanted:
            raise ModelError(f"{path}: {name} is {config.get(name)!r}, must be {wanted!r}")
    for name in _SIZES.values():
        value = config.get(name)
        if type(value) is not int or value < 1:
            raise ModelError(f"{path}: {name} is {value!r}, must be a whole number above 0")
    sizes = Sizes(**{ours: config[theirs] for ours, theirs in _SIZES.items()})
    if sizes.vocabulary < _IDS:
        raise ModelError(f"{path}: vocab_size is {sizes.vocabulary}, must be at least {_IDS}")
    return sizes


def read_state(folder: Path) -> dict[str, Any]:
    """The tensors of a checkpoint by name, without running any code that it may hold."""
    path = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if path is None:
        raise ModelError(f"{folder}: holds neither {' nor '.join(WEIGHTS)}; {_CURE}")
    try:
        state = _load(path)
    except ImportError as error:
        raise ModelError(f"{path}: needs the package safetensors; install it") from error
    except Exception as error:  # torch and safetensors raise many kinds
        fault = str(error).partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise ModelError(f"{path}: not a file of weights ({fault}); download it again") from error
    if not isinstance(state, dict) or not all(torch.is_tensor(one) for one in state.values()):
        raise ModelError(f"{path}: holds something other than tensors by name; {_CURE}")
    return state


def export(encoder: PublishedEncoder, out: Path, windows: Sequence[int], int8: bool) -> None:
    """Write the sealed `.tflite` file, unchecked."""
    import litert_torch  # here: it takes seconds

    converter = None
    for window in windows:
        sample = (torch.full((1, window), END, dtype=torch.int32),)
        add = litert_torch.signature if converter is None else converter.signature
        converter = add(signature_name(window), encoder, sample)
    assert converter is not None
    converter.convert().export(str(out))
    if int8:
        store_weights(out, 8)
    out.write_bytes(seal(out.read_bytes()))


def least_cosine(encoder: PublishedEncoder, path: Path) -> float:
    """The smallest cosine between the mean outputs of torch and of the file, a full window and one
    with padding for each window size."""
    embedder = SpecDiff(path)
    rng = np.random.default_rng(0)
    found = []
    for window in embedder.windows:
        for count in (window, window - window // 3):
            tokens = [*rng.integers(UNKNOWN + 1, _IDS, count - 1).tolist(), END]
            with torch.no_grad():
                wanted = encoder(torch.tensor([tokens], dtype=torch.int32))[0].numpy()
            found.append(_cosine(wanted.mean(axis=0), embedder.outputs(tokens).mean(axis=0)))
    return min(found)


def _cosine(one: Any, other: Any) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def _checked_windows(windows: Sequence[int], positions: int) -> list[int]:
    if not windows or min(windows) < 2 or max(windows) > positions:
        raise ModelError(f"windows {list(windows)}: this encoder takes 2..{positions} tokens")
    return sorted(set(windows))


def _load(path: Path) -> Any:
    if path.suffix == ".bin":
        return torch.load(path, map_location="cpu", weights_only=True)
    from safetensors.torch import load_file

    return load_file(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); {_CURE}") from error
    except ValueError as error:
        raise ModelError(f"{path}: not JSON ({error}); {_CURE}") from error
    if not isinstance(config, dict):
        raise ModelError(f"{path}: not a configuration; {_CURE}")
    return config


def _check_names(
    folder: Path, state: Mapping[str, Any], names: Mapping[str, str], own: Mapping[str, Any]
) -> None:
    """ModelError unless the state has exactly these names, of the shapes that ours have."""
    for what, odd in (
        ("is missing", names.keys() - state.keys()),
        ("belongs to another architecture", state.keys() - names.keys()),
    ):
        if odd:
            more = f" (and {len(odd) - 1} more)" if len(odd) > 1 else ""
            raise ModelError(f"{folder}: weight {min(odd)} {what}{more}; {_CURE}")
    for theirs, ours in names.items():
        found, wanted = tuple(state[theirs].shape), tuple(own[ours].shape)
        if found != wanted:
            raise ModelError(f"{folder}: weight {theirs} is {found}, config.json says {wanted}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.convert", description=__doc__)
    specdiff = parser.add_subparsers(dest="encoder", required=True).add_parser(
        "specdiff", help="the notes encoder of Spectrogram Diffusion"
    )
    specdiff.add_argument("--checkpoint", type=Path, required=True, metavar="DIR")
    specdiff.add_argument("--out", type=Path, required=True, metavar="FILE")
    specdiff.add_argument("--int8", action="store_true", help="store weights in a quarter")
    specdiff.add_argument(
        "--windows",
        type=int,
        nargs="+",
        default=WINDOWS,
        metavar="TOKENS",
        help="each costs memory",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    try:
        worst = convert(options.checkpoint, options.out, options.windows, options.int8)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    size = options.out.stat().st_size / 1e6
    print(f"{options.out}: {size:.1f} MB, cosine to torch at least {worst:.5f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
