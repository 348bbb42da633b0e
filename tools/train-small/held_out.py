"""The held-out answers that choose, for files in other types.

    python held_out.py DATA OUT.jsonl                 writes them as inform-score reads them
    python held_out.py DATA OUT.jsonl SCORES.jsonl …  says how accurate inform-score's scores of them are, and how near to the first file's
"""

import paths  # noqa: F401, I001
import json
import sys
from pathlib import Path

import numpy as np
from answers import read_rows
from baselines import without_tokens
from evaluate import read_scores
from pairs import accuracy, clear_pairs, same_length
from scores import SEED, kept_for_choosing
from split import split_instructions


def ranks(values: np.ndarray) -> np.ndarray:
    return values.argsort().argsort()


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    rows = read_rows(Path(sys.argv[1]) / "train.jsonl.gz")
    answers = without_tokens(rows)
    held_out = split_instructions(answers, SEED).held_out
    kept = kept_for_choosing(answers, held_out)
    if len(sys.argv) == 3:
        samples = [{"id": int(i), "instruction": rows[i]["instruction"], "output": rows[i]["output"]} for i in kept]
        Path(sys.argv[2]).write_text("".join(json.dumps(sample) + "\n" for sample in samples), encoding="utf-8")
        return
    pairs = clear_pairs(answers, held_out)
    pairs = pairs.where(np.isin(pairs.chosen, kept) & np.isin(pairs.rejected, kept))
    lengths = answers.characters.astype(float)
    scored = list(read_scores(Path(sys.argv[3])))
    pairs = pairs.where(np.isin(pairs.chosen, scored) & np.isin(pairs.rejected, scored))
    alike = same_length(answers, pairs)
    print(f"longer is better: {accuracy(lengths, pairs):.4f}, same length {accuracy(lengths, alike):.4f} ({len(pairs.chosen)} and {len(alike.chosen)} pairs)")
    first = None
    for path in sys.argv[3:]:
        found = read_scores(Path(path))
        scores = np.array([found.get(index, -np.inf) for index in range(len(rows))])
        both = sorted(found if first is None else found.keys() & first.keys())
        own = np.array([found[index] for index in both])
        first = first or found
        given = np.array([first[index] for index in both])
        near = np.corrcoef(ranks(given), ranks(own))[0, 1]
        apart = np.abs(own - given).mean() / given.std()
        print(
            f"{path}: {accuracy(scores, pairs):.4f}, same length {accuracy(scores, alike):.4f}; "
            f"Spearman {near:.5f}, mean difference {100 * apart:.2f} % of the deviation"
        )


if __name__ == "__main__":
    main()
