"""Which of the training instructions are trained on, and which are held out to choose by."""

from dataclasses import dataclass

import numpy as np
from answers import Answers
from numpy.typing import NDArray

HELD_OUT = 60  # instructions: they say when to stop and what to average. The validation split chooses nothing.


@dataclass(frozen=True)
class Split:
    trained: list[NDArray[np.int64]]  # the answers of each instruction, by index
    held_out: NDArray[np.int64]  # ids of instructions

    def held_out_answers(self, answers: Answers) -> NDArray[np.int64]:
        return np.flatnonzero(np.isin(answers.instruction, self.held_out))


def split_instructions(answers: Answers, seed: int) -> Split:
    ids = np.unique(answers.instruction)
    held_out = np.sort(np.random.default_rng(seed).permutation(ids)[:HELD_OUT])
    trained = [group for group in answers.groups() if answers.instruction[group[0]] not in held_out]
    return Split(trained, held_out)
