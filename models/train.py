"""Train the notes encoder: `python -m models.train FOLDER --folder build/train`.

First as the notes encoder of a diffusion model that makes spectrograms, then by contrast. Run the
same command again to go on where it was stopped: every batch follows from the seed and the number
of the step. Leaves in the folder: `last.pt` (to go on from), `diffusion.pt` and `contrast.pt`
(after each stage), `loss.csv`.
"""

import argparse
import csv
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.batches import ONSET_SHARE, Songs, contrast_batch, diffusion_batch, read_songs
from models.dataset import VALIDATION, is_training, split
from models.discriminant import discriminant
from models.errors import ModelError
from models.losses import across_loss, diffusion_loss, song_loss
from models.network import NotesEncoder, Shape, SpectrogramDecoder
from models.note_tokens import pad
from models.tempo import on_circles

STAGES = ("diffusion", "contrast")
COLUMNS = ("stage", "step", "loss", "part_1", "part_2", "validation", "rate", "minutes")
WARM_UP = 100  # steps
FALL = 0.6  # share of a stage after which the learning rate falls
VALIDATION_BATCHES = 4
LENGTH_GROUPS = 4

Model = Any  # a torch module
Losses = tuple[Any, Any, Any]  # the whole and its two parts


@dataclass(frozen=True)
class Settings:
    """What a run is; a checkpoint only goes on with the same."""

    seed: int = 0
    diffusion_steps: int = 1000
    contrast_steps: int = 5500
    diffusion_size: int = 48
    contrast_songs: int = 80
    diffusion_rate: float = 2e-3
    contrast_rate: float = 1e-3
    contrast_across: float = 0.6
    contrast_tempo: float = 0.2
    contrast_onsets: float = ONSET_SHARE
    width: int = 128
    heads: int = 4
    layers: int = 3
    hidden: int = 384
    decoder_layers: int = 3

    def shape(self) -> Shape:
        return Shape(self.width, self.heads, self.layers, self.hidden, self.decoder_layers)

    def steps(self, stage: str) -> int:
        return {"diffusion": self.diffusion_steps, "contrast": self.contrast_steps}[stage]

    def rate(self, stage: str) -> float:
        return {"diffusion": self.diffusion_rate, "contrast": self.contrast_rate}[stage]


class Trainer:
    """The two models, their optimiser and where they have got to."""

    def __init__(self, settings: Settings, train: Songs, validation: Songs, device: str) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.device = settings, device
        self.songs, self.validation = train, validation
        self.encoder: Model = NotesEncoder(settings.shape()).to(device)
        self.decoder: Model = SpectrogramDecoder(settings.shape()).to(device)
        self.stage, self.step = STAGES[0], 0
        self.minutes = 0.0
        self.optimiser = self._new_optimiser()

    def enter(self, stage: str) -> None:
        self.stage, self.step = stage, 0
        self.optimiser = self._new_optimiser()

    def batch(self, songs: Songs, *key: int) -> Any:
        """The batch that belongs to the numbers `key`, made without torch, in any thread."""
        rng = np.random.default_rng([self.settings.seed, STAGES.index(self.stage), *key])
        if self.stage == "diffusion":
            size = self.settings.diffusion_size
            tokens, clean = diffusion_batch(songs, size, rng)
            level = (np.arange(size) + rng.random()) / size  # spread evenly over 0..1
            noise = rng.standard_normal(clean.shape, np.float32)
            return tokens, clean, level.astype(np.float32), noise
        settings = self.settings
        contrast = contrast_batch(songs, settings.contrast_songs, rng, settings.contrast_onsets)
        return contrast.tokens, contrast.songs, contrast.alike, on_circles(contrast.bpm)

    def set_readout(self) -> None:
        """Start the encoder's readout from the discriminant of every second training segment."""
        rows = np.arange(0, len(self.songs.tokens), 2)
        numbers = np.searchsorted(self.songs.bounds, rows, side="right") - 1
        pooled = np.concatenate(
            [self._pooled(rows[start : start + 512]) for start in range(0, len(rows), 512)]
        )
        songs = np.unique(numbers, return_inverse=True)[1]
        found = discriminant(pooled, songs, self.settings.width)
        with torch.no_grad():
            self.encoder.mean.copy_(torch.from_numpy(found.mean))
            self.encoder.spread.copy_(torch.from_numpy(found.spread))
            weights = torch.from_numpy(found.weights.T.copy())
            self.encoder.readout[: len(weights)] = weights.to(self.encoder.readout)

    def _pooled(self, rows: Any) -> Any:
        chosen = [self.songs.tokens[row] for row in rows]
        tokens = torch.from_numpy(pad(chosen, max(len(one) for one in chosen))).to(self.device)
        with torch.no_grad(), torch.autocast(self.device, torch.bfloat16):
            return self.encoder.pooled(tokens).double().cpu().numpy()

    def losses(self, batch: Any) -> Losses:
        arrays = [torch.from_numpy(np.ascontiguousarray(a)).to(self.device) for a in batch]
        with torch.autocast(self.device, torch.bfloat16):
            if self.stage == "diffusion":
                loss = diffusion_loss(self.encoder, self.decoder, *arrays)
                return loss, loss.detach(), torch.zeros(())
            vectors = self._vectors(arrays[0])
        share = self.settings.contrast_tempo
        cosines = (1 - share) * vectors @ vectors.T + share * arrays[3] @ arrays[3].T
        song = song_loss(cosines, arrays[1])
        across = across_loss(cosines, arrays[1], arrays[2])
        return song + self.settings.contrast_across * across, song.detach(), across.detach()

    def _vectors(self, tokens: Any) -> Any:
        """Of each phrase; short ones are run together, which needs less padding."""
        lengths = (tokens[..., 3] > 0).sum(-1)
        order = torch.argsort(lengths, stable=True)
        parts = []
        for rows in order.chunk(LENGTH_GROUPS):
            longest = -(-int(lengths[rows].max()) // 4) * 4
            parts.append(self.encoder(tokens[rows, :longest]).float())
        return torch.cat(parts)[torch.argsort(order)]

    def learn(self, batch: Any) -> list[float]:
        rate = self._rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        losses = self.losses(batch)
        self.optimiser.zero_grad(set_to_none=True)
        losses[0].backward()
        torch.nn.utils.clip_grad_norm_(self._parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return [float(loss.detach()) for loss in losses]

    def validate(self) -> float:
        """The loss on batches of the validation songs, the same ones each time."""
        with torch.no_grad():
            found = [
                float(self.losses(self.batch(self.validation, 1, number))[0])
                for number in range(VALIDATION_BATCHES)
            ]
        return float(np.mean(found))

    def state(self) -> dict[str, Any]:
        return {
            "settings": asdict(self.settings),
            "stage": self.stage,
            "step": self.step,
            "minutes": self.minutes,
            "encoder": self.encoder.state_dict(),
            "decoder": self.decoder.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Raises ModelError for the checkpoint of another run.

        What nothing has depended on yet may change: settings of a stage to come, and how long this
        one is until its learning rate falls.
        """
        changed = sorted(
            name
            for name, value in asdict(self.settings).items()
            if state["settings"].get(name) != value and name not in _still_free(state, self)
        )
        if changed:
            raise ModelError(
                f"the checkpoint was made with other settings ({', '.join(changed)});"
                " give the same ones or another --folder"
            )
        self.enter(state["stage"])
        self.step, self.minutes = state["step"], state["minutes"]
        self.encoder.load_state_dict(state["encoder"])
        self.decoder.load_state_dict(state["decoder"])
        self.optimiser.load_state_dict(state["optimiser"])

    def _parameters(self) -> list[Any]:
        models = (self.encoder, self.decoder) if self.stage == "diffusion" else (self.encoder,)
        return [parameter for model in models for parameter in model.parameters()]

    def _new_optimiser(self) -> Any:
        return torch.optim.AdamW(self._parameters(), betas=(0.9, 0.98), weight_decay=0.02)

    def _rate(self) -> float:
        """Warms up, stays, and falls to nearly nothing from FALL on."""
        done = self.step / max(1, self.settings.steps(self.stage))
        fall = min(1.0, (1.001 - done) / (1 - FALL))
        return self.settings.rate(self.stage) * min(1.0, (self.step + 1) / WARM_UP) * fall


def _still_free(state: dict[str, Any], trainer: Trainer) -> set[str]:
    """Names of the settings that the checkpoint does not depend on."""
    stage, steps = state["stage"], f"{state['stage']}_steps"
    later = STAGES[STAGES.index(stage) + 1 :]
    free = {name for name in asdict(trainer.settings) if name.startswith(later)}
    shortest = min(state["settings"][steps], trainer.settings.steps(stage))
    return free | ({steps} if state["step"] <= FALL * shortest else set())


def train(trainer: Trainer, folder: Path, every_minutes: float, say: Callable[[str], None]) -> None:
    """Run both stages from where the trainer is to the end, leaving files in `folder`."""
    for stage in STAGES[STAGES.index(trainer.stage) :]:
        if stage != trainer.stage:
            trainer.enter(stage)
            if stage == "contrast":
                trainer.set_readout()
        _run_stage(trainer, folder, every_minutes, say)
        save(folder / f"{stage}.pt", trainer.state())
        save(folder / "last.pt", trainer.state())


def _run_stage(
    trainer: Trainer, folder: Path, every_minutes: float, say: Callable[[str], None]
) -> None:
    total = trainer.settings.steps(trainer.stage)
    start, before, saved = time.monotonic(), trainer.minutes, time.monotonic()
    recent: list[list[float]] = []
    with ThreadPoolExecutor(1) as ahead:
        waiting: Future[Any] = ahead.submit(trainer.batch, trainer.songs, 0, trainer.step)
        while trainer.step < total:
            batch = waiting.result()
            waiting = ahead.submit(trainer.batch, trainer.songs, 0, trainer.step + 1)
            recent.append(trainer.learn(batch))
            trainer.minutes = before + (time.monotonic() - start) / 60
            if trainer.step % 50 == 0 or trainer.step == total:
                _log(trainer, folder, np.mean(recent, axis=0), trainer.step % 500 == 0, say)
                recent = []
            if time.monotonic() - saved > every_minutes * 60:
                save(folder / "last.pt", trainer.state())
                saved = time.monotonic()


def _log(
    trainer: Trainer, folder: Path, means: Any, validate: bool, say: Callable[[str], None]
) -> None:
    validation = f"{trainer.validate():.4f}" if validate else ""
    row = [trainer.stage, trainer.step, *(f"{value:.4f}" for value in means), validation]
    row += [f"{trainer._rate():.2e}", f"{trainer.minutes:.1f}"]
    path = folder / "loss.csv"
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([COLUMNS, row] if fresh else [row])
    say(" ".join(str(value) for value in row))


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint that is either the old one or the new one."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def load(path: Path) -> dict[str, Any]:
    """ModelError where the file is no checkpoint."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds
        raise ModelError(f"{path}: not a checkpoint of models.train ({error})") from error
    return state


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    names = Settings.__dataclass_fields__
    settings = Settings(**{name: getattr(options, name) for name in names})
    torch.set_num_threads(options.threads)
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        songs = Path(options.songs)
        sets = [
            read_songs(split(songs, wanted))
            for wanted in (is_training, lambda rest: rest == VALIDATION)
        ]
        device = "cuda" if torch.cuda.is_available() else "cpu"
        trainer = Trainer(settings, sets[0], sets[1], device)
        last = folder / "last.pt"
        if last.exists():
            trainer.restore(load(last))
        say_line(
            f"{len(sets[0])} songs, {len(sets[0].tokens)} segments; at {trainer.stage}"
            f" {trainer.step} on {device}"
        )
        train(trainer, folder, options.checkpoint_minutes, say_line)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def say_line(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    parser.add_argument("songs", help="a folder of MIDI files")
    parser.add_argument("--folder", default="build/train", help="for checkpoints and losses")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--checkpoint-minutes", type=float, default=3.0)
    for name, field in Settings.__dataclass_fields__.items():
        kind = type(field.default)
        parser.add_argument("--" + name.replace("_", "-"), type=kind, default=field.default)
    return parser


if __name__ == "__main__":
    sys.exit(main())
