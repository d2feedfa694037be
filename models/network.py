"""The notes encoder and the diffusion decoder that it is trained with, in torch.

T5 layers (Raffel et al. 2020, version 1.1): root-mean-square norms before each part, gates, no
biases. Two things differ, both for speed: the gate is a ReLU (Shazeer 2020), and the encoder has no
table of relative positions. A token is a note that says its onset as points on circles and its
pitch by class and height, from which attention reads time and interval between two notes. The
decoder is the one of Spectrogram Diffusion (Hawthorne et al. 2022) in small: a frame is a token, it
attends to the encoder's outputs, and the diffusion step scales and shifts each layer (FiLM).

Only training and conversion import this module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from models.note_features import coarse_tables, detail_tables, phases, width_of
from models.note_tokens import FIELDS, LEAD, STEPS_PER_BEAT
from models.synth import BINS, FRAMES, FRAMES_PER_BEAT

Tensor = Any  # torch.Tensor; torch is not there when types are checked

_FARTHEST = 16 * 16  # sixteenths of a beat between a note and a frame; more count as this
_OFF = -30.0  # attention score of padding: exp(-30) is nothing, and fits float16


@dataclass(frozen=True)
class Shape:
    """Sizes of the encoder, and of the decoder of the same width."""

    width: int = 128
    heads: int = 4
    layers: int = 3
    hidden: int = 384
    decoder_layers: int = 3


class Norm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * self.scale.to(x.dtype)


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (
            nn.Linear(width, width, bias=False) for _ in range(4)
        )

    def forward(self, x: Tensor, memory: Tensor, bias: Tensor) -> Tensor:
        """`bias`, (batch, heads, x, memory), is added to the scores."""
        query, key, value = (
            self._split(part) for part in (self.query(x), self.key(memory), self.value(memory))
        )
        scores = query @ key.transpose(-1, -2) * (query.shape[-1] ** -0.5) + bias
        mixed = torch.softmax(scores, -1) @ value
        return self.out(mixed.transpose(1, 2).reshape(x.shape))

    def _split(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return x.reshape(batch, length, self.heads, width // self.heads).transpose(1, 2)


class FeedForward(nn.Module):
    def __init__(
        self, width: int, hidden: int, bend: Callable[[Tensor], Tensor] = torch.relu
    ) -> None:
        super().__init__()
        self.bend = bend
        self.gate = nn.Linear(width, hidden, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.bend(self.gate(x)) * self.up(x))


class EncoderLayer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.before_attention = Norm(shape.width)
        self.attention = Attention(shape.width, shape.heads)
        self.before_hidden = Norm(shape.width)
        self.hidden = FeedForward(shape.width, shape.hidden)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        normed = self.before_attention(x)
        x = x + self.attention(normed, normed, bias)
        return x + self.hidden(self.before_hidden(x))


class NotesEncoder(nn.Module):
    """Tokens (batch, notes, 4) to the phrase's vector, (batch, width), of unit length.

    The vector is a linear map, `readout`, of the mean over the notes of the encoder's outputs and,
    beside it, of how many notes have each detail (square roots of shares: Hellinger's distance).
    Diffusion trains the outputs; details, and the readout, come in with contrastive training.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        for name, table in (coarse_tables() | detail_tables()).items():
            self.register_buffer(name, torch.tensor(table), persistent=False)
        self.read = nn.Linear(width_of(coarse_tables()), shape.width, bias=False)
        self.layers = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.layers))
        self.last = Norm(shape.width)
        details = 2 * (width_of(detail_tables()) - 1)
        self.details_in = nn.Parameter(torch.zeros(shape.width, details))
        self.shares_in = nn.Parameter(torch.zeros(shape.width, details))
        self.readout = nn.Parameter(torch.eye(shape.width, shape.width + details))
        self.register_buffer("mean", torch.zeros(shape.width + details))
        self.register_buffer("spread", torch.ones(shape.width + details))

    def forward(self, tokens: Tensor) -> Tensor:
        vector = functional.linear((self.pooled(tokens) - self.mean) / self.spread, self.readout)
        vector = vector.float()
        return vector * torch.rsqrt((vector * vector).sum(-1, keepdim=True) + 1e-12)

    def pooled(self, tokens: Tensor) -> Tensor:
        """Mean outputs and shares of details of each phrase, (batch, what `readout` takes)."""
        details = self.details(tokens)
        shares = torch.sqrt(_mean(details, tokens))
        more = functional.linear(details, self.details_in)
        more = more + functional.linear(shares, self.shares_in)[:, None]
        return torch.cat([_mean(self.outputs(tokens, more).float(), tokens), shares], -1)

    def outputs(self, tokens: Tensor, more: Tensor | None = None) -> Tensor:
        """One vector a note, (batch, notes, width); those of padding mean nothing. `more` is added
        to what is read of each note; diffusion is trained without."""
        x = self.read(torch.cat(self._looked_up(tokens, coarse_tables()), -1))
        if more is not None:
            x = x + more
        bias = padding_bias(tokens).to(x.dtype)
        for layer in self.layers:
            x = layer(x, bias)
        return self.last(x)

    def details(self, tokens: Tensor) -> Tensor:
        """What a note is in fine steps, (batch, notes, details), once for all and once for low
        notes only."""
        *steps, low = self._looked_up(tokens, detail_tables())
        fine = torch.cat(steps, -1)
        return torch.cat([fine, fine * low], -1)

    def _looked_up(self, tokens: Tensor, tables: dict[str, Any]) -> list[Tensor]:
        return [
            functional.embedding(tokens[..., FIELDS.index(name.split("_")[0])], getattr(self, name))
            for name in tables
        ]


class DecoderLayer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norms = nn.ModuleList(Norm(shape.width) for _ in range(3))
        self.itself = Attention(shape.width, shape.heads)
        self.notes = Attention(shape.width, shape.heads)
        self.hidden = FeedForward(shape.width, shape.hidden)
        self.film = nn.Linear(shape.width, 2 * shape.width)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(
        self, x: Tensor, step: Tensor, memory: Tensor, frame_bias: Tensor, note_bias: Tensor
    ) -> Tensor:
        scale, shift = self.film(step)[:, None].chunk(2, -1)
        normed = self.norms[0](x) * (1 + scale) + shift
        x = x + self.itself(normed, normed, frame_bias)
        x = x + self.notes(self.norms[1](x), memory, note_bias)
        return x + self.hidden(self.norms[2](x) * (1 + scale) + shift)


class SpectrogramDecoder(nn.Module):
    """Predicts the velocity (Salimans and Ho 2022) of a noisy spectrogram, given its notes."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.frames_in = nn.Linear(BINS, width)
        self.step = nn.Sequential(nn.Linear(32, width), nn.SiLU(), nn.Linear(width, width))
        frame_steps = (np.arange(FRAMES) + 0.5) * STEPS_PER_BEAT / FRAMES_PER_BEAT + LEAD
        place = phases(frame_steps / STEPS_PER_BEAT)
        self.register_buffer("place", torch.tensor(place), persistent=False)
        self.register_buffer(
            "frame_steps", torch.tensor(frame_steps.astype(np.int64)), persistent=False
        )
        self.place_in = nn.Linear(place.shape[1], width, bias=False)
        self.frame_bias = nn.Parameter(torch.zeros(2 * FRAMES + 1, shape.heads))
        self.note_bias = nn.Parameter(torch.zeros(2 * _FARTHEST + 1, shape.heads))
        self.layers = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.decoder_layers))
        self.last = Norm(width)
        self.out = nn.Linear(width, BINS)

    def forward(self, noisy: Tensor, level: Tensor, tokens: Tensor, memory: Tensor) -> Tensor:
        """`noisy` is (batch, FRAMES, BINS), `level` (batch,) the diffusion time within 0..1,
        `memory` the encoder's outputs for `tokens`."""
        x = self.frames_in(noisy) + self.place_in(self.place)
        step = self.step(_waves(level))
        frame_bias, note_bias = self._frame_bias(), self._note_bias(tokens)
        for layer in self.layers:
            x = layer(x, step, memory, frame_bias, note_bias)
        return self.out(self.last(x))

    def _frame_bias(self) -> Tensor:
        index = torch.arange(FRAMES, device=self.place.device)
        apart = index[None, :] - index[:, None] + FRAMES
        return functional.embedding(apart, self.frame_bias).permute(2, 0, 1)[None]

    def _note_bias(self, tokens: Tensor) -> Tensor:
        """Time from each note to each frame, to a sixteenth of a beat."""
        apart = (self.frame_steps[None, :, None] - tokens[:, None, :, 0]) // 2
        apart = apart.clamp(-_FARTHEST, _FARTHEST) + _FARTHEST
        bias = functional.embedding(apart, self.note_bias).permute(0, 3, 1, 2)
        return bias + padding_bias(tokens)


def _mean(rows: Tensor, tokens: Tensor) -> Tensor:
    """Over the notes that are no padding."""
    heard = (tokens[..., 3:] > 0).to(rows.dtype)
    return (rows * heard).sum(1) / heard.sum(1).clamp(min=1.0)


def padding_bias(tokens: Tensor) -> Tensor:
    """(batch, 1, 1, notes): keeps attention off padding."""
    silent = (tokens[..., 3] == 0)[:, None, None, :]
    return silent.to(torch.float32) * _OFF


def noise_schedule(level: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of signal and noise at a diffusion time within 0..1: cosine (Nichol 2021)."""
    angle = level * (np.pi / 2)
    return torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]


@torch.no_grad()
def generate(
    encoder: NotesEncoder, decoder: SpectrogramDecoder, tokens: Tensor, noise: Tensor, steps: int
) -> Tensor:
    """Spectrograms from noise by DDIM (Song et al. 2021), in that many steps."""
    memory = encoder.outputs(tokens)
    x = noise
    levels = torch.linspace(1.0, 0.0, steps + 1, device=noise.device)
    for now, then in pairwise(levels):
        signal, spread = noise_schedule(now[None])
        velocity = decoder(x, now.expand(len(x)), tokens, memory)
        clean = (signal * x - spread * velocity).clamp(-1, 1)
        epsilon = spread * x + signal * velocity
        signal, spread = noise_schedule(then[None])
        x = signal * clean + spread * epsilon
    return x


def _waves(level: Tensor) -> Tensor:
    rate = torch.exp(torch.linspace(0.0, 5.0, 16, device=level.device))
    angle = level[:, None] * rate
    return torch.cat([torch.sin(angle), torch.cos(angle)], -1)
