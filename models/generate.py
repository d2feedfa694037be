"""Show what the diffusion model makes of segments set aside, beside what they sound like:
`python -m models.generate build/train/diffusion.pt SONGS --out generated.png`."""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from models.dataset import HELD_OUT, all_pieces, split
from models.errors import ModelError
from models.export import read_encoder
from models.network import Shape, SpectrogramDecoder, generate
from models.note_tokens import encode, pad
from models.synth import FRAMES, spectrograms
from models.train import load

STEPS = 50
SCALE, GAP = 4, 8  # pixels: of a bin or frame, and between pictures


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m models.generate", description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("songs", type=Path)
    parser.add_argument("--out", type=Path, default=Path("generated.png"))
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    try:
        truth, made = compare(options.checkpoint, options.songs, options.count, options.seed)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    picture(truth, made).save(options.out)
    off = float(np.abs(truth - made).mean())
    blank = float(np.abs(truth - truth.mean(axis=(0, 1))).mean())
    print(f"{options.out}: mean error {off:.4f}, of their mean spectrum {blank:.4f} (of -1..1)")
    return 0


def compare(checkpoint: Path, songs: Path, count: int, seed: int) -> tuple[Any, Any]:
    """Spectrograms of `count` segments set aside, from the synth and from the diffusion model."""
    state = load(checkpoint)
    shape = Shape(**{name: state["settings"][name] for name in Shape.__dataclass_fields__})
    decoder = SpectrogramDecoder(shape)
    decoder.load_state_dict(state["decoder"])
    pieces = all_pieces(split(songs, lambda rest: rest == HELD_OUT))
    rng = np.random.default_rng(seed)
    chosen = [pieces[i].phrase for i in rng.choice(len(pieces), count, replace=False)]
    tokens = [encode(phrase.notes) for phrase in chosen]
    batch = pad(tokens, max(len(one) for one in tokens))
    truth = spectrograms(batch)
    noise = torch.from_numpy(rng.standard_normal(truth.shape, np.float32))
    made = generate(read_encoder(checkpoint), decoder.eval(), torch.from_numpy(batch), noise, STEPS)
    return truth, made.clamp(-1, 1).numpy()


def picture(truth: Any, made: Any) -> Image.Image:
    """Truth above, what was made below; time to the right, pitch upwards."""
    rows = [_row(pictures) for pictures in (truth, made)]
    gap = np.full((GAP, rows[0].shape[1]), 255, np.uint8)
    return Image.fromarray(np.concatenate([rows[0], gap, rows[1]]))


def _row(pictures: Any) -> Any:
    grey = np.clip((pictures + 1) * 127.5, 0, 255).astype(np.uint8)
    large = [np.kron(one.T[::-1], np.ones((SCALE, SCALE), np.uint8)) for one in grey]
    gap = np.full((large[0].shape[0], GAP), 255, np.uint8)
    assert large[0].shape[1] == FRAMES * SCALE
    parts = [part for one in large for part in (one, gap)]
    return np.concatenate(parts[:-1], axis=1)


if __name__ == "__main__":
    sys.exit(main())
