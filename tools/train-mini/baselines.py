"""The two baselines, each as a score of every answer of the validation split: its length, and the bag of words.

    python baselines.py DATA OUT.json

The bag's penalty is chosen by cross-validation over the training instructions; the validation split has no say.
"""

import json
import sys
from pathlib import Path

import bag_of_words
import numpy as np
import torch
from answers import Answers, read_rows
from bag_of_words import BagOfWords
from numpy.typing import NDArray
from pairs import accuracy, clear_pairs

PENALTIES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4)
FOLDS = 5
SEED = 1


def without_tokens(rows: list[dict]) -> Answers:
    """Answers for what needs no tokens."""
    return Answers(
        ids=np.zeros(0, dtype=np.int32),
        starts=np.zeros(len(rows) + 1, dtype=np.int64),
        instruction=np.array([row["instruction_id"] for row in rows]),
        generator=np.zeros(len(rows), dtype=np.int64),
        generators=[],
        win_rate=np.array([row["win_rate"] for row in rows]),
        characters=np.array([len(row["output"]) for row in rows]),
    )


def cross_validated(texts: list[str], answers: Answers) -> dict[float, float]:
    """Mean accuracy on the left-out fold of each penalty."""
    folds = np.array_split(np.random.default_rng(SEED).permutation(np.unique(answers.instruction)), FOLDS)
    found = {penalty: [] for penalty in PENALTIES}
    for fold in folds:
        kept = np.setdiff1d(answers.instruction, fold)
        bag = BagOfWords([text for text, inside in zip(texts, np.isin(answers.instruction, kept)) if inside])
        features = bag.features(texts)
        transposed = bag_of_words.transposed(features)
        weights = torch.zeros(features.shape[1], 1)
        for penalty in PENALTIES:
            weights = bag_of_words.fit(features, transposed, clear_pairs(answers, kept), penalty, weights)
            scores = bag_of_words.scores(features, weights)
            found[penalty].append(accuracy(scores, clear_pairs(answers, fold)))
    return {penalty: float(np.mean(values)) for penalty, values in found.items()}


def bag_of_words_scores(texts: list[str], answers: Answers, others: list[str], penalty: float) -> NDArray[np.float32]:
    """Of `others`, by the model of all training answers."""
    bag = BagOfWords(texts)
    features = bag.features(texts)
    start = torch.zeros(features.shape[1], 1)
    pairs = clear_pairs(answers)
    weights = bag_of_words.fit(features, bag_of_words.transposed(features), pairs, penalty, start)
    return bag_of_words.scores(bag.features(others), weights)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    data = Path(sys.argv[1])
    rows, validation = read_rows(data / "train.jsonl.gz"), read_rows(data / "validation.jsonl.gz")
    texts, answers = [row["output"] for row in rows], without_tokens(rows)
    found = cross_validated(texts, answers)
    print("cross-validated accuracy by penalty:", {key: round(value, 4) for key, value in found.items()})
    penalty = max(found, key=found.get)
    scores = bag_of_words_scores(texts, answers, [row["output"] for row in validation], penalty)
    out = {
        "longer is better": [len(row["output"]) for row in validation],
        f"bag of words (penalty {penalty:g})": [float(score) for score in scores],
    }
    Path(sys.argv[2]).write_text(json.dumps(out) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
