"""Cuts a tokenizer and an embedding to the tokens that the training answers hold often enough.

A token that goes is spelt with the smaller ones that it was merged from, down to bytes. Every token that another one is merged from
stays, so a text of kept tokens alone is tokenized as before.
"""

import numpy as np
from answers import Answers
from numpy.typing import NDArray

MIN_COUNT = 5  # in the training split


def kept_tokens(tokenizer: dict, answers: Answers) -> list[int]:
    """Old ids of the kept tokens, in their order. `tokenizer` is the content of a byte-level BPE's tokenizer.json."""
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]
    parts = {"".join(pair): pair for pair in tokenizer["model"]["merges"]}
    counts = np.bincount(answers.ids, minlength=len(vocabulary))
    kept: set[str] = set()
    waiting = [text for text, id in vocabulary.items() if text not in parts or counts[id] >= MIN_COUNT]
    while waiting:
        text = waiting.pop()
        if text not in kept:
            kept.add(text)
            waiting += parts.get(text, ())
    return sorted(vocabulary[text] for text in kept)


def cut_tokenizer(tokenizer: dict, kept: list[int]) -> dict:
    """The same with the tokens `kept` alone, numbered anew."""
    numbers = {old: new for new, old in enumerate(kept)}
    model = tokenizer["model"]
    vocabulary = {text: numbers[id] for text, id in model["vocab"].items() if id in numbers}
    merges = [pair for pair in model["merges"] if "".join(pair) in vocabulary]
    added = [{**token, "id": numbers[token["id"]]} for token in tokenizer["added_tokens"]]
    return {**tokenizer, "added_tokens": added, "model": {**model, "vocab": vocabulary, "merges": merges}}


def renumbered(tokens: NDArray[np.int64], kept: list[int]) -> NDArray[np.int64] | None:
    """New ids of a sequence, or None if it holds a token that went."""
    places = np.searchsorted(kept, tokens)
    return places if (np.take(kept, places, mode="clip") == tokens).all() else None
