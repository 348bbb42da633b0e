"""How often the right side of a pair scores above the wrong one, by kind of pair, with 95 % intervals.

    python judge_pairs.py PAIRS.jsonl SCORES.jsonl

PAIRS are what corrupt.py, padded.py or refusals.jsonl hold, SCORES what inform-score made of them. Intervals are of a bootstrap over
instructions.
"""

import paths  # noqa: F401, I001
import json
import sys
from pathlib import Path

import numpy as np
from evaluate import read_scores
from pairs import interval, resampled


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    pairs = map(json.loads, Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
    instructions = {row["id"]: row["instruction"] for row in pairs}
    scores = read_scores(Path(sys.argv[2]))
    spread = np.std(list(scores.values()))
    kinds: dict[str, list[tuple[str, float]]] = {}
    for id, instruction in instructions.items():
        kind, number, side = id.split("-")
        if side == "right":
            kinds.setdefault(kind, []).append((instruction, scores[id] - scores[f"{kind}-{number}-wrong"]))
    for kind, found in kinds.items():
        apart = np.array([each for _, each in found])
        table: dict[str, list[float]] = {}
        for instruction, each in found:
            row = table.setdefault(instruction, [0.0, 0.0])
            row[0] += float(each > 0) + 0.5 * float(each == 0)
            row[1] += 1
        rows = np.array(list(table.values()))
        low, high = interval(resampled([rows])[:, 0])
        share = rows[:, 0].sum() / rows[:, 1].sum()
        print(f"{kind}: {share:.3f} ({low:.3f} to {high:.3f}) of {len(found)} pairs; mean difference {apart.mean() / spread:+.3f} deviations")


if __name__ == "__main__":
    main()
