"""Rewards of many answers by the model as it is trained, and which held-out answers choose while it is."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from answers import Answers
from backbone import RewardModel
from batches import layouts
from numpy.typing import NDArray
from torch import Tensor

TOKENS_AT_ONCE = 2048  # padding included
PER_INSTRUCTION = 18  # answers of a held-out instruction that are scored at each evaluation


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


@dataclass(frozen=True)
class Parts:
    """Sequences in parts of a like length."""

    laid: list[tuple[list[int], Tensor, Tensor]]

    @classmethod
    def of(cls, sequences: list[NDArray[np.int64]]) -> "Parts":
        return cls(list(layouts(sequences, TOKENS_AT_ONCE)))

    def in_order(self, found: list[Tensor]) -> Tensor:
        """What was found for each part, as one, in the sequences' order."""
        order = torch.tensor([each for batch, _, _ in self.laid for each in batch])
        return torch.cat(found)[order.argsort()]

    def split(self, found: Tensor) -> list[Tensor]:
        """The reverse."""
        return [found[batch] for batch, _, _ in self.laid]


def rewards(model: RewardModel, sequences: list[NDArray[np.int64]], workers: Workers) -> NDArray[np.float64]:
    """The rewards of sequences, in their order."""

    @torch.inference_mode()
    def of_part(part: tuple[list[int], Tensor, Tensor]) -> Tensor:
        _, ids, last = part
        return model.rewards(model.summary(ids, last))

    parts = Parts.of(sequences)
    return parts.in_order(workers.map(of_part, parts.laid)).double().numpy()
