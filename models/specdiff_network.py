"""The published notes encoder of Spectrogram Diffusion (Hawthorne et al. 2022), in torch.

T5 layers (Raffel et al. 2020, version 1.1) over event tokens. Unlike T5 it adds a fixed vector for
each absolute position, and no relative bias; like T5 it leaves the attention scores unscaled.

Only conversion imports this module.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from models.network import FeedForward, Norm
from models.tokens import PAD

Tensor = Any  # torch.Tensor; torch is not there when types are checked

_OFF = -1e9  # attention score of padding; T5's scores are not scaled, so -30 might be too little


@dataclass(frozen=True)
class Sizes:
    """What the published configuration calls vocab_size, max_length, d_model, num_layers,
    num_heads, d_kv and d_ff."""

    vocabulary: int
    positions: int
    width: int
    layers: int
    heads: int
    head_width: int
    hidden: int


class Attention(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.heads = sizes.heads
        inner = sizes.heads * sizes.head_width
        self.query, self.key, self.value = (
            nn.Linear(sizes.width, inner, bias=False) for _ in range(3)
        )
        self.out = nn.Linear(inner, sizes.width, bias=False)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """`bias`, (batch, 1, 1, tokens), is added to the scores."""
        query, key, value = (self._split(part(x)) for part in (self.query, self.key, self.value))
        mixed = torch.softmax(query @ key.transpose(-1, -2) + bias, -1) @ value
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return x.reshape(batch, length, self.heads, width // self.heads).transpose(1, 2)


def _gelu(x: Tensor) -> Tensor:
    return functional.gelu(x, approximate="tanh")


class Layer(nn.Module):
    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.before_attention = Norm(sizes.width)
        self.attention = Attention(sizes)
        self.before_hidden = Norm(sizes.width)
        self.hidden = FeedForward(sizes.width, sizes.hidden, _gelu)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = x + self.attention(self.before_attention(x), bias)
        return x + self.hidden(self.before_hidden(x))


class PublishedEncoder(nn.Module):
    """Tokens (batch, length) to one vector a token, (batch, length, width); those of padding mean
    nothing. `length` is at most `sizes.positions`."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.token = nn.Embedding(sizes.vocabulary, sizes.width)
        self.position = nn.Embedding(sizes.positions, sizes.width)
        self.layers = nn.ModuleList(Layer(sizes) for _ in range(sizes.layers))
        self.last = Norm(sizes.width)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.token(tokens) + self.position.weight[: tokens.shape[1]]
        bias = (tokens == PAD)[:, None, None, :].to(x.dtype) * _OFF
        for layer in self.layers:
            x = layer(x, bias)
        return self.last(x)


OURS = {  # names in the published state dictionary -> ours
    "token_embedder.weight": "token.weight",
    "position_encoding.weight": "position.weight",
    "layer_norm.weight": "last.scale",
}
OURS_IN_LAYER = {  # after `encoders.N.` there, after `layers.N.` here
    "layer.0.layer_norm.weight": "before_attention.scale",
    "layer.0.SelfAttention.q.weight": "attention.query.weight",
    "layer.0.SelfAttention.k.weight": "attention.key.weight",
    "layer.0.SelfAttention.v.weight": "attention.value.weight",
    "layer.0.SelfAttention.o.weight": "attention.out.weight",
    "layer.1.layer_norm.weight": "before_hidden.scale",
    "layer.1.DenseReluDense.wi_0.weight": "hidden.gate.weight",
    "layer.1.DenseReluDense.wi_1.weight": "hidden.up.weight",
    "layer.1.DenseReluDense.wo.weight": "hidden.down.weight",
}


def published_names(layers: int) -> dict[str, str]:
    """Every name of the published state dictionary, with ours."""
    names = dict(OURS)
    for number in range(layers):
        for theirs, ours in OURS_IN_LAYER.items():
            names[f"encoders.{number}.{theirs}"] = f"layers.{number}.{ours}"
    return names
