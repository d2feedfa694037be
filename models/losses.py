"""What the notes encoder is trained to make small, in torch."""

from typing import Any

import torch
from torch.nn import functional

from models.network import NotesEncoder, SpectrogramDecoder, noise_schedule

Tensor = Any  # torch.Tensor

SONG_TEMPERATURE = 0.08
ALIKE_TEMPERATURE = 0.04


def diffusion_loss(
    encoder: NotesEncoder,
    decoder: SpectrogramDecoder,
    tokens: Tensor,
    clean: Tensor,
    level: Tensor,
    noise: Tensor,
) -> Tensor:
    """Mean squared error of the predicted velocity at the diffusion times `level`, (batch,)."""
    signal, spread = noise_schedule(level)
    predicted = decoder(signal * clean + spread * noise, level, tokens, encoder.outputs(tokens))
    return functional.mse_loss(predicted.float(), signal * noise - spread * clean)


def song_loss(cosines: Tensor, songs: Tensor) -> Tensor:
    """Neighbourhood component analysis (Goldberger et al. 2004) of cosines: some segment of the
    song before all of other songs. Not every one: a verse need not be like its chorus."""
    itself = torch.eye(len(songs), dtype=torch.bool, device=songs.device)
    same = (songs[:, None] == songs) & ~itself
    scores = (cosines / SONG_TEMPERATURE).masked_fill(itself, -1e4)
    all_scores = torch.logsumexp(scores, -1)
    return (all_scores - torch.logsumexp(scores.masked_fill(~same, -1e4), -1)).mean()


def across_loss(cosines: Tensor, songs: Tensor, alike: Tensor) -> Tensor:
    """Kullback-Leibler divergence, among segments of other songs, from the order in which they are
    alike to the ear to the order of their vectors."""
    same = songs[:, None] == songs
    wanted = torch.log_softmax((alike / ALIKE_TEMPERATURE).masked_fill(same, -1e4), -1)
    found = torch.log_softmax((cosines / SONG_TEMPERATURE).masked_fill(same, -1e4), -1)
    return (wanted.exp() * (wanted - found)).masked_fill(same, 0.0).sum(-1).mean()
