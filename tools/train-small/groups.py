"""Which answers a step trains on: some of each of its instructions', from across the range of win rates."""

from collections.abc import Iterator

import numpy as np
from answers import Answers
from numpy.typing import NDArray

BEST = 3  # of the quarter with the highest win rates: five sixths of all win rates are below 0.1, and say little about each other
OTHERS = 5
ANSWERS = BEST + OTHERS  # of an instruction in one step


def chunks(answers: Answers, group: NDArray[np.int64], draw: np.random.Generator) -> list[NDArray[np.int64]]:
    """An instruction's answers in chunks of ANSWERS, until its best quarter is used up."""
    ranked = group[np.argsort(-answers.win_rate[group], kind="stable")]
    quarter = len(group) // 4
    best, others = draw.permutation(ranked[:quarter]), draw.permutation(ranked[quarter:])
    count = min(len(best) // BEST, len(others) // OTHERS)
    return [
        np.concatenate([best[turn * BEST : (turn + 1) * BEST], others[turn * OTHERS : (turn + 1) * OTHERS]])
        for turn in range(count)
    ]


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
