"""Copies of answers that are worse for certain: padded with their own text. One is trained to score below its original, whatever the win rates say."""

import numpy as np
from numpy.typing import NDArray

IM_START = 1  # a turn begins with it, its role and a line break
ENDING = 2  # tokens after an answer: <|im_end|> and a line break
LEAST = 12  # tokens of an answer that is worth padding


def padded(tokens: NDArray[np.int64], draw: np.random.Generator) -> NDArray[np.int64] | None:
    """An answer's tokens with a piece of it once more at its end; None for one that is too short."""
    begin = int(np.flatnonzero(tokens == IM_START)[-1]) + 3
    answer = tokens[begin:-ENDING]
    if len(answer) < LEAST:
        return None
    size = int(len(answer) * draw.uniform(0.25, 1))
    start = int(draw.integers(len(answer) - size + 1))
    return np.concatenate([tokens[:-ENDING], answer[start : start + size], tokens[-ENDING:]])
