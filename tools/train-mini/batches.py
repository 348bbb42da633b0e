"""Which answers a step trains on, and how their tokens are laid out."""

from collections.abc import Iterator

import numpy as np
import torch
from answers import Answers
from numpy.typing import NDArray
from torch import Tensor

ANSWERS = 8  # of an instruction in one step
MAX_TOKENS = 640  # a longer sequence keeps its start and its last token, the one that is scored
TOKENS_AT_ONCE = 4096  # padding included


def chunks(answers: Answers, group: NDArray[np.int64], draw: np.random.Generator) -> list[NDArray[np.int64]]:
    """An instruction's answers in chunks of ANSWERS; each chunk has answers from across the range of win rates."""
    count = len(group) // ANSWERS
    kept = draw.permutation(group)[: count * ANSWERS]
    ranked = kept[np.argsort(-answers.win_rate[kept], kind="stable")].reshape(ANSWERS, count)
    return list(draw.permuted(ranked, axis=1).T)


def epoch(answers: Answers, groups: list[NDArray[np.int64]], per_step: int, seed: int, number: int) -> Iterator[NDArray[np.int64]]:
    """The steps of one pass over the groups: indices [per_step, ANSWERS], a row per instruction."""
    draw = np.random.default_rng([seed, number])
    all_chunks = [chunk for group in groups for chunk in chunks(answers, group, draw)]
    order = draw.permutation(len(all_chunks))
    for start in range(0, len(order) - per_step + 1, per_step):
        yield np.stack([all_chunks[each] for each in order[start : start + per_step]])


def cut(tokens: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    return tokens if len(tokens) <= most else np.append(tokens[: most - 1], tokens[-1])


def layouts(sequences: list[NDArray[np.int64]], at_once: int = TOKENS_AT_ONCE) -> Iterator[tuple[list[int], Tensor, Tensor]]:
    """
    Sequences sorted by length, as many at once as `at_once` tokens allow: their numbers, rows of the embedding
    [batch, tokens] (padded on the right) and the position of each last token [batch].
    """
    order = sorted(range(len(sequences)), key=lambda each: -len(sequences[each]))
    while order:
        longest = len(sequences[order[0]])
        batch, order = order[: max(1, at_once // longest)], order[max(1, at_once // longest) :]
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        for row, each in enumerate(batch):
            ids[row, : len(sequences[each])] = sequences[each]
        yield batch, torch.from_numpy(ids), torch.tensor([len(sequences[each]) - 1 for each in batch])
