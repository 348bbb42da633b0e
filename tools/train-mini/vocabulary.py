"""The training vocabulary: the tokens that answers to enough instructions hold, and one row for all others.

128256 rows would mostly stay as they were drawn. Training uses a compact embedding; its row 0 stands for every token
outside of the vocabulary. Export gives each of those tokens that row: a token never seen means "a rare token". What
only a few instructions' answers hold is about those instructions' subjects, and would only be learned by heart.
"""

import numpy as np
from answers import Answers
from numpy.typing import NDArray

VOCABULARY = 128256
RARE = 0
MIN_INSTRUCTIONS = 40


def compact_rows(answers: Answers, trained: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The row of each token of the full vocabulary, [VOCABULARY]. `trained`: the answers of each training instruction."""
    instructions = np.zeros(VOCABULARY, dtype=np.int64)
    for group in trained:
        instructions[np.unique(np.concatenate([answers.tokens(index) for index in group]))] += 1
    rows = np.full(VOCABULARY, RARE, dtype=np.int64)
    kept = np.flatnonzero(instructions >= MIN_INSTRUCTIONS)
    rows[kept] = np.arange(RARE + 1, RARE + 1 + len(kept))
    return rows
