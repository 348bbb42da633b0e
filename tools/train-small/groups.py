"""Which answers a step trains on: some of each of its instructions', from across the range of win rates."""

from collections.abc import Iterator

import numpy as np
from answers import Answers
from numpy.typing import NDArray

ANSWERS = 12  # of an instruction in one step


def chunks(answers: Answers, group: NDArray[np.int64], draw: np.random.Generator) -> list[NDArray[np.int64]]:
    """An instruction's answers in chunks of ANSWERS, each with one out of every twelfth of the win rates."""
    count = len(group) // ANSWERS
    kept = draw.permutation(group)[: count * ANSWERS]
    ranked = kept[np.argsort(-answers.win_rate[kept], kind="stable")].reshape(ANSWERS, count)
    return list(draw.permuted(ranked, axis=1).T)


def epoch(answers: Answers, groups: list[NDArray[np.int64]], per_step: int, seed: int, number: int) -> Iterator[NDArray[np.int64]]:
    """
    The steps of one pass over the answers: indices [per_step, ANSWERS], a row per instruction. Every instruction comes once before
    one comes a second time.
    """
    draw = np.random.default_rng([seed, number])
    drawn = [chunks(answers, group, draw) for group in groups]
    rounds = [[own[turn] for own in drawn if turn < len(own)] for turn in range(max(map(len, drawn)))]
    queue = [each[index] for each in rounds for index in draw.permutation(len(each))]
    for start in range(0, len(queue) - per_step + 1, per_step):
        yield np.stack(queue[start : start + per_step])
