"""Averages the last checkpoints of a training run.

    python average.py DATA PRETRAINED RUN

tries averages of the last 1, 2, 3, ... checkpoints of the folder RUN, and keeps the one that is most accurate on the
held-out instructions as RUN/averaged.pt.
"""

import paths  # noqa: F401, I001
import argparse
import json
from pathlib import Path

import numpy as np
import torch
from answers import load_answers
from batches import cut
from pairs import accuracy, clear_pairs, same_length
from restore import restored
from scores import Workers, rewards
from split import split_instructions

MOST = 3  # checkpoints in an average
FULL_LENGTH = 2048


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "pretrained", "run"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    answers = load_answers(arguments.data / "train.jsonl.gz", arguments.pretrained, arguments.run / "train-tokens.npz")
    split = split_instructions(answers, arguments.seed)
    indices = split.held_out_answers(answers)
    sequences = [cut(answers.tokens(index).astype(np.int64), FULL_LENGTH) for index in indices]
    pairs = clear_pairs(answers, split.held_out)
    alike = same_length(answers, pairs)

    workers = Workers()
    states = [torch.load(path, map_location="cpu") for path in sorted(arguments.run.glob("step-*.pt"))[-MOST:]]
    tried = []
    for count in range(1, len(states) + 1):
        merged = {name: torch.stack([state[name] for state in states[-count:]]).mean(0) for name in states[0]}
        scores = np.zeros(len(answers.win_rate))
        scores[indices] = rewards(restored(merged, arguments.pretrained)[0], sequences, workers)
        reached = {"held_out": accuracy(scores, pairs), "held_out_same_length": accuracy(scores, alike)}
        tried.append({"last": count, **reached})
        print(json.dumps(tried[-1]), flush=True)
        if reached["held_out"] == max(each["held_out"] for each in tried):
            torch.save(merged, arguments.run / "averaged.pt")
    (arguments.run / "averages.json").write_text(json.dumps(tried, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
