"""Rewards of many answers by the model as it is trained, and which held-out answers choose while it is."""

import numpy as np
import torch
from answers import Answers
from backbone import RewardModel
from batches import layouts
from numpy.typing import NDArray
from torch import Tensor

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


def summaries(model: RewardModel, sequences: list[NDArray[np.int64]], frozen: int = 0) -> Tensor:
    """What the head reads of each sequence, [sequences, hidden], in their order."""
    parts, order = [], []
    for batch, ids, last in layouts(sequences):
        parts.append(model.summary(ids, last, frozen))
        order += batch
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(parts)[back]


@torch.inference_mode()
def rewards(model: RewardModel, sequences: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """The rewards of sequences, in their order."""
    return model.rewards(summaries(model, sequences)).double().numpy()
