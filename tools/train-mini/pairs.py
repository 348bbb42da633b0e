"""Pairs of answers to one instruction, and how often scores put them in the judge's order."""

from dataclasses import dataclass

import numpy as np
from answers import Answers
from numpy.typing import NDArray

CLEAR_GAP = 0.3  # pairs whose win rates are further apart are those that accuracies are reported over
SAME_LENGTH = 0.1  # lengths within 10 % of the longer one
RESAMPLES = 2000
SEED = 20261125


@dataclass(frozen=True)
class Pairs:
    """`m` pairs: the answer of the higher win rate, the other one, and the instruction's number (0, 1, ...)."""

    chosen: NDArray[np.int64]  # [m], indices of answers
    rejected: NDArray[np.int64]  # [m]
    instruction: NDArray[np.int64]  # [m]

    def where(self, mask: NDArray[np.bool_]) -> "Pairs":
        return Pairs(self.chosen[mask], self.rejected[mask], self.instruction[mask])


def clear_pairs(answers: Answers, within: NDArray[np.int64] | None = None) -> Pairs:
    """All pairs of answers to one instruction with win rates more than CLEAR_GAP apart; of some instructions only."""
    chosen, rejected, instruction = [], [], []
    for number, group in enumerate(answers.groups()):
        if within is not None and answers.instruction[group[0]] not in within:
            continue
        gap = answers.win_rate[group][:, None] - answers.win_rate[group][None, :]
        better, worse = np.nonzero(gap > CLEAR_GAP)
        chosen.append(group[better])
        rejected.append(group[worse])
        instruction.append(np.full(len(better), number))
    return Pairs(np.concatenate(chosen), np.concatenate(rejected), np.concatenate(instruction))


def same_length(answers: Answers, pairs: Pairs) -> Pairs:
    """The pairs whose answers' lengths in characters are within SAME_LENGTH of the longer one."""
    a, b = answers.characters[pairs.chosen], answers.characters[pairs.rejected]
    return pairs.where(np.abs(a - b) <= SAME_LENGTH * np.maximum(a, b))


def hits(scores: NDArray, pairs: Pairs) -> NDArray[np.float64]:
    """1 for a pair in the judge's order, 0 for one in the other, a half for equal scores; [m]."""
    chosen, rejected = scores[pairs.chosen], scores[pairs.rejected]
    return ((chosen > rejected) + 0.5 * (chosen == rejected)).astype(np.float64)


def accuracy(scores: NDArray, pairs: Pairs) -> float:
    return float(hits(scores, pairs).mean())


def by_instruction(scores: NDArray, pairs: Pairs) -> NDArray[np.float64]:
    """Hits and pairs of each instruction that has pairs, [instructions, 2]."""
    found = hits(scores, pairs)
    rows = [(found[pairs.instruction == each].sum(), (pairs.instruction == each).sum()) for each in np.unique(pairs.instruction)]
    return np.array(rows, dtype=np.float64)


def resampled(tables: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Accuracies of several scorers over the same pairs, instructions drawn with replacement; [RESAMPLES, scorers]."""
    draw = np.random.default_rng(SEED)
    instructions = len(tables[0])
    out = np.empty((RESAMPLES, len(tables)))
    for row in range(RESAMPLES):
        taken = draw.integers(instructions, size=instructions)
        for column, table in enumerate(tables):
            total = table[taken].sum(axis=0)
            out[row, column] = total[0] / total[1]
    return out


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The middle 95 %."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
