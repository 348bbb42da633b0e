"""Rewards of token sequences by the model as it is trained, on threads that each take whole sequences.

Two threads that each run whole sequences beat two threads inside of every small operation.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from batches import layouts
from model import Dropout, RewardModel
from numpy.typing import NDArray
from torch import Tensor
from vocabulary import RARE

RARE_TOKENS = 0.2  # of the tokens are shown as the row of rare ones while training
SEQUENCES_AT_ONCE = 64


class Workers:
    """The threads: one for each CPU core, or a single one to feed a GPU."""

    def __init__(self, device: torch.device, count: int | None = None):
        self.count = 1 if device.type == "cuda" else (count or os.cpu_count() or 1)
        self.pool = ThreadPoolExecutor(self.count, initializer=torch.set_num_threads, initargs=(1,))

    def map(self, task, *arguments) -> list:
        return list(self.pool.map(task, *arguments))


def summaries(
    model: RewardModel, sequences: list[NDArray[np.int64]], dtype: torch.dtype, dropout: Dropout | None = None
) -> Tensor:
    """What the head reads of each sequence, [sequences, hidden], in their order. With `dropout` as in training."""
    device = model.frequencies.device
    laid = list(layouts(sequences))
    ids = torch.cat([part.flatten() for _, part, _ in laid]).to(device)
    if dropout is not None:
        hidden = torch.rand(ids.shape, generator=dropout.generator, device=device) < RARE_TOKENS
        # Not those that begin and end every sequence: attention rests on the one, and the head reads at the other.
        kept = (ids == sequences[0][0]) | (ids == sequences[0][-1])
        ids = ids.masked_fill(hidden & ~kept, RARE)
    # One look-up for all: the gradient of each is as large as the embedding.
    embedded = model.model.embed_tokens(ids).split([part.numel() for _, part, _ in laid])
    parts, order = [], []
    for (batch, part, last), vectors in zip(laid, embedded, strict=True):
        x = vectors.view(*part.shape, -1)
        parts.append(model.summary(x, last.to(device), dtype, dropout))
        order += batch
    back = torch.empty(len(order), dtype=torch.long, device=device)
    back[torch.tensor(order, device=device)] = torch.arange(len(order), device=device)
    return torch.cat(parts)[back]


def rewards(
    model: RewardModel, sequences: list[NDArray[np.int64]], dtype: torch.dtype, workers: Workers
) -> NDArray[np.float64]:
    """The rewards of sequences, in their order."""

    @torch.inference_mode()
    def of_worker(number: int) -> NDArray[np.float64]:
        mine = sequences[number :: workers.count]
        pieces = [mine[start : start + SEQUENCES_AT_ONCE] for start in range(0, len(mine), SEQUENCES_AT_ONCE)]
        return np.concatenate([model.rewards(summaries(model, piece, dtype)).cpu().numpy() for piece in pieces])

    out = np.empty(len(sequences))
    for number, scores in enumerate(workers.map(of_worker, range(workers.count))):
        out[number :: workers.count] = scores
    return out
