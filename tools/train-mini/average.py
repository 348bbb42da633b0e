"""Averages the last checkpoints of a training run: the "model merging" of the recipe.

    python average.py DATA TOKENIZER RUN

tries averages of the last 1, 2, 3, ... checkpoints of the folder RUN, and keeps the one that is most accurate on the
held-out instructions as RUN/averaged.pt. DATA and TOKENIZER as in train.py.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from answers import load_answers
from batches import cut
from model import Geometry, RewardModel
from pairs import accuracy, clear_pairs, same_length
from scoring import Workers, rewards
from split import split_instructions
from torch import Tensor
from vocabulary import compact_rows

MOST = 8  # checkpoints in an average
FULL_LENGTH = 4096  # as inform-score scores by default


def mean_of(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layers", type=int, default=3)
    arguments = parser.parse_args()

    answers = load_answers(arguments.data / "train.jsonl.gz", arguments.tokenizer, arguments.run / "train-tokens.npz")
    split = split_instructions(answers, arguments.seed)
    rows = compact_rows(answers, split.trained)
    indices = split.held_out_answers(answers)
    sequences = [cut(rows[answers.tokens(index)], FULL_LENGTH) for index in indices]
    pairs = clear_pairs(answers, split.held_out)
    alike = same_length(answers, pairs)

    model = RewardModel(Geometry(rows=int(rows.max()) + 1, layers=arguments.layers), arguments.seed)
    workers = Workers(torch.device("cpu"))
    paths = sorted(arguments.run.glob("step-*.pt"))
    tried = []
    for count in range(1, min(MOST, len(paths)) + 1):
        merged = mean_of([torch.load(path, map_location="cpu") for path in paths[-count:]])
        model.load_state_dict(merged)
        scores = np.zeros(len(answers.win_rate))
        scores[indices] = rewards(model, sequences, torch.float32, workers)
        reached = {"held_out": accuracy(scores, pairs), "held_out_same_length": accuracy(scores, alike)}
        tried.append({"last": count, **reached})
        print(json.dumps(tried[-1]), flush=True)
        if reached["held_out"] == max(each["held_out"] for each in tried):
            torch.save(merged, arguments.run / "averaged.pt")
    (arguments.run / "averages.json").write_text(json.dumps(tried, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
