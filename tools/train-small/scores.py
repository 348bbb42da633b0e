"""What a model makes of many answers, on all cores, and which held-out answers choose."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from answers import Answers
from backbone import RewardModel
from batches import layouts
from numpy.typing import NDArray
from torch import Tensor

SEED = 1  # of the split into trained and held-out instructions, too
TOKENS_AT_ONCE = 2048  # padding included
PER_INSTRUCTION = 18  # answers of a held-out instruction that choose


def kept_for_choosing(answers: Answers, held_out: NDArray[np.int64]) -> NDArray[np.int64]:
    """PER_INSTRUCTION answers of each instruction, spread over the ranks of its win rates."""
    draw = np.random.default_rng([SEED, 3])
    kept = []
    for each in held_out:
        group = draw.permutation(np.flatnonzero(answers.instruction == each))
        ranked = group[np.argsort(-answers.win_rate[group], kind="stable")]
        kept.append(ranked[np.linspace(0, len(ranked) - 1, PER_INSTRUCTION).round().astype(int)])
    return np.concatenate(kept)


def compute_parts(
    sequences: list[NDArray[np.int64]], compute: Callable[[Tensor, Tensor], Tensor], found: NDArray[np.floating]
) -> None:
    """
    Writes to `found` [sequences, ...] what `compute` makes of tokens [batch, tokens] that end at positions [batch]. Each CPU core
    computes whole parts: two threads inside of every operation would wait for each other whenever other programs take a core.
    """

    @torch.inference_mode()
    def of_part(part: tuple[list[int], Tensor, Tensor]) -> None:
        batch, ids, last = part
        found[batch] = compute(ids, last).numpy()

    with ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for _ in pool.map(of_part, layouts(sequences, TOKENS_AT_ONCE)):
            pass


def rewards(model: RewardModel, sequences: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """The rewards of sequences, in their order."""
    found = np.zeros(len(sequences))
    compute_parts(sequences, model.rewards, found)
    return found
