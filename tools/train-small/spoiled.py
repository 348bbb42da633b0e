"""Copies of answers that are worse for certain: padded with their own text, or with numbers and names altered.

A copy is made of tokens. It is trained to score below its original, whatever the win rates say.
"""

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

IM_START = 1  # a turn begins with it, its role and a line break
ENDING = 2  # tokens after an answer: <|im_end|> and a line break
LEAST = 12  # tokens of an answer that is worth spoiling
ALTERED = 0.5  # of the copies; the others are padded


class Spoiler:
    def __init__(self, tokenizer: PreTrainedTokenizerBase):
        texts = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        self.digits = np.array([id for id, text in enumerate(texts) if text.isascii() and text.isdigit()])
        named = [text[:1] == "Ġ" and text[1:2].isupper() and text[2:].isalpha() for text in texts]
        self.is_name = np.array(named)
        self.is_digit = np.isin(np.arange(len(texts)), self.digits)

    def spoil(self, tokens: NDArray[np.int64], draw: np.random.Generator) -> NDArray[np.int64] | None:
        """None for an answer that is too short, or that holds nothing to alter where that was drawn."""
        begin = int(np.flatnonzero(tokens == IM_START)[-1]) + 3
        before, answer, after = tokens[:begin], tokens[begin:-ENDING], tokens[-ENDING:]
        if len(answer) < LEAST:
            return None
        made = self.altered(answer, draw) if draw.random() < ALTERED else padded(answer, draw)
        return None if made is None else np.concatenate([before, made, after])

    def altered(self, answer: NDArray[np.int64], draw: np.random.Generator) -> NDArray[np.int64] | None:
        """Half of its digits drawn anew, and the capitalised words of its sentences exchanged for each other."""
        out = answer.copy()
        digits = np.flatnonzero(self.is_digit[answer] & (draw.random(len(answer)) < 0.5))
        out[digits] = draw.choice(self.digits, len(digits))
        names = np.flatnonzero(self.is_name[answer])
        out[names] = out[draw.permutation(names)]
        return out if (out != answer).sum() >= 2 else None


def padded(answer: NDArray[np.int64], draw: np.random.Generator) -> NDArray[np.int64]:
    """With a piece of itself once more at its end."""
    size = int(len(answer) * draw.uniform(0.25, 1))
    start = int(draw.integers(len(answer) - size + 1))
    return np.concatenate([answer, answer[start : start + size]])
