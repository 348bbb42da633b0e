"""The preference data: answers of many models to one instruction each, with judged win rates, as token ids.

An answer's tokens are those that inform-score gives the model: the checkpoint's own chat template around instruction
and answer, tokenized without further special tokens.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from transformers import AutoTokenizer


@dataclass(frozen=True)
class Answers:
    """`n` answers, in the order of the file. The tokens of answer i are `ids[starts[i]:starts[i + 1]]`."""

    ids: NDArray[np.int32]  # [tokens]
    starts: NDArray[np.int64]  # [n + 1]
    instruction: NDArray[np.int64]  # [n], the instruction's id
    generator: NDArray[np.int64]  # [n], an index into `generators`
    generators: list[str]
    win_rate: NDArray[np.float64]  # [n], 0..1, against a fixed strong baseline
    characters: NDArray[np.int64]  # [n], the answer's length

    def tokens(self, index: int) -> NDArray[np.int32]:
        return self.ids[self.starts[index] : self.starts[index + 1]]

    def lengths(self) -> NDArray[np.int64]:
        """Tokens per answer, [n]."""
        return np.diff(self.starts)

    def groups(self) -> list[NDArray[np.int64]]:
        """The answers of each instruction, by index, in the order of the instructions' ids."""
        return [np.flatnonzero(self.instruction == each) for each in np.unique(self.instruction)]


def read_rows(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def render(tokenizer, instruction: str, output: str) -> str:
    """The prompt as inform-score renders a sample without an input."""
    messages = [{"role": "user", "content": instruction}, {"role": "assistant", "content": output}]
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)


def tokenize(tokenizer, prompts: list[str]) -> list[list[int]]:
    return tokenizer(prompts, add_special_tokens=False)["input_ids"]


def load_answers(path: Path, tokenizer_folder: Path, cache: Path) -> Answers:
    """The answers of a `.jsonl.gz` file. Their tokens are kept in `cache` (.npz) for the next time."""
    rows = read_rows(path)
    if not cache.exists():
        tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
        sequences = tokenize(tokenizer, [render(tokenizer, row["instruction"], row["output"]) for row in rows])
        starts = np.cumsum([0, *map(len, sequences)])
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, ids=np.concatenate(sequences).astype(np.int32), starts=starts)
    cached = np.load(cache)
    if len(cached["starts"]) != len(rows) + 1:
        raise ValueError(f"{cache} is of other data than {path}. Delete it.")
    generators = sorted({row["generator"] for row in rows})
    number = {name: index for index, name in enumerate(generators)}
    return Answers(
        ids=cached["ids"],
        starts=cached["starts"],
        instruction=np.array([row["instruction_id"] for row in rows]),
        generator=np.array([number[row["generator"]] for row in rows]),
        generators=generators,
        win_rate=np.array([row["win_rate"] for row in rows], dtype=np.float64),
        characters=np.array([len(row["output"]) for row in rows]),
    )
