"""Rewards of many answers on all cores, and which held-out answers choose."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from answers import Answers
from backbone import RewardModel
from batches import layouts
from numpy.typing import NDArray
from torch import Tensor

TOKENS_AT_ONCE = 2048  # padding included
PER_INSTRUCTION = 18  # answers of a held-out instruction that choose


def kept_for_choosing(answers: Answers, held_out: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """PER_INSTRUCTION answers of each instruction, spread over the ranks of its win rates."""
    draw = np.random.default_rng([seed, 3])
    kept = []
    for each in held_out:
        group = draw.permutation(np.flatnonzero(answers.instruction == each))
        ranked = group[np.argsort(-answers.win_rate[group], kind="stable")]
        kept.append(ranked[np.linspace(0, len(ranked) - 1, PER_INSTRUCTION).round().astype(int)])
    return np.concatenate(kept)


class Workers:
    """
    A thread for each CPU core, which computes whole parts of a batch. Two threads inside of every operation would wait for each other
    whenever other programs take a core.
    """

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,))

    def map(self, task: Callable, *arguments: Iterable) -> list:
        return list(self.pool.map(task, *arguments))


def rewards(model: RewardModel, sequences: list[NDArray[np.int64]], workers: Workers) -> NDArray[np.float64]:
    """The rewards of sequences, in their order."""
    found = np.zeros(len(sequences))

    @torch.inference_mode()
    def add(part: tuple[list[int], Tensor, Tensor]) -> None:
        batch, ids, last = part
        found[batch] = model.rewards(ids, last).numpy()

    workers.map(add, layouts(sequences, TOKENS_AT_ONCE))
    return found
