"""How often scores put answers in the judge's order, beside the baselines, with 95 % intervals.

    python evaluate.py DATA BASELINES.json VALIDATION-SCORES.jsonl PAIRS-200.jsonl PAIRS-SCORES.jsonl [NAME [OTHER=VALIDATION-SCORES.jsonl ...]]

BASELINES.json is what baselines.py wrote; the scores are inform-score's, of the samples that samples.py wrote. What it
did not score (empty answers) counts as worse than everything else. NAME is the model's (inform-mini); it is compared with each OTHER, too.
Intervals are of a bootstrap over instructions.
"""

import json
import sys
from pathlib import Path

import numpy as np
from answers import read_rows
from baselines import without_tokens
from numpy.typing import NDArray
from pairs import Pairs, accuracy, by_instruction, clear_pairs, interval, resampled, same_length

DEFAULT_NAME = "inform-mini"


def read_scores(path: Path) -> dict:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["id"]: row["score"] for row in rows}


def percent(value: float, values: NDArray) -> str:
    low, high = interval(values)
    return f"{value:.4f} ({low:.3f} to {high:.3f})"


def report(title: str, pairs: Pairs, scorers: dict[str, NDArray]) -> None:
    names = list(scorers)
    drawn = resampled([by_instruction(scores, pairs) for scores in scorers.values()])
    print(f"\n{title}: {len(pairs.chosen)} pairs of {len(np.unique(pairs.instruction))} instructions\n")
    for column, (name, scores) in enumerate(scorers.items()):
        print(f"- {name}: {percent(accuracy(scores, pairs), drawn[:, column])}")
    for column, name in enumerate(names[:-1]):
        ahead = drawn[:, -1] - drawn[:, column]
        difference = accuracy(scorers[names[-1]], pairs) - accuracy(scorers[name], pairs)
        print(f"- {names[-1]} less {name}: {percent(difference, ahead)}")


def preferred(pairs: list[dict], scores: dict) -> tuple[NDArray, NDArray]:
    """1 where the chosen answer scores higher, by the model and by length."""
    by_score = [scores[f"{row['id']}-chosen"] > scores[f"{row['id']}-rejected"] for row in pairs]
    by_length = [len(row["chosen"]) > len(row["rejected"]) for row in pairs]
    return np.array(by_score, dtype=float), np.array(by_length, dtype=float)


def report_pairs(model: str, pairs: list[dict], scores: dict, seen: set[str]) -> None:
    draw = np.random.default_rng(0)
    for title, chosen in (
        ("pairs-200", pairs),
        ("of them, instructions that are not in the training split", [row for row in pairs if row["prompt"] not in seen]),
    ):
        print(f"\n{title}: {len(chosen)} pairs\n")
        for name, hits in zip((model, "longer is better"), preferred(chosen, scores)):
            means = hits[draw.integers(len(hits), size=(2000, len(hits)))].mean(axis=1)
            print(f"- {name}: {percent(hits.mean(), means)}")


def main() -> None:
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    data, baselines, validation_scores, pairs_file, pairs_scores = map(Path, sys.argv[1:6])
    model, *others = sys.argv[6:] or [DEFAULT_NAME]
    answers = without_tokens(read_rows(data / "validation.jsonl.gz"))
    scorers = {name: np.array(values) for name, values in json.loads(baselines.read_text(encoding="utf-8")).items()}
    for named in (*others, f"{model}={validation_scores}"):
        name, path = named.split("=", 1)
        scores = read_scores(Path(path))
        scorers[name] = np.array([scores.get(index, -np.inf) for index in range(len(answers.win_rate))])
    pairs = clear_pairs(answers)
    report("Win rates more than 0.3 apart", pairs, scorers)
    report("Of them, lengths within 10 %", same_length(answers, pairs), scorers)
    given = [json.loads(line) for line in pairs_file.read_text(encoding="utf-8").splitlines()]
    seen = {row["instruction"] for row in read_rows(data / "train.jsonl.gz")}
    report_pairs(model, given, read_scores(pairs_scores), seen)


if __name__ == "__main__":
    main()
