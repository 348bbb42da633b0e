"""Picks the answers that `inform-score demo` shows, out of the validation split, without looking at any score.

    python pick_examples.py DATA/validation.jsonl.gz ../../examples/alpaca-eval-judged.jsonl

The first instructions of one short line that have, among answers of some length, one that the judge found good, one
mediocre and one bad; of each kind one answer, drawn with a fixed seed. The length leaves questions of fact out: the
model knows no facts.
"""

import json
import random
import sys
from itertools import groupby
from pathlib import Path

from answers import read_rows

INSTRUCTIONS = 5
MOST_CHARACTERS = 75  # of an instruction
ANSWER_CHARACTERS = range(400, 2501)
KINDS = {"good": (0.8, 1.0), "mediocre": (0.05, 0.45), "bad": (0.0, 0.002)}  # win rates; the baseline itself has 0.5
SEED = 20261125


def kind_of(row: dict) -> str | None:
    return next((kind for kind, (low, high) in KINDS.items() if low <= row["win_rate"] <= high), None)


def suits(instruction: str) -> bool:
    return len(instruction) <= MOST_CHARACTERS and "\n" not in instruction


def pick(rows: list[dict]) -> list[dict]:
    draw = random.Random(SEED)
    picked = []
    for number, answers in groupby(sorted(rows, key=lambda row: row["instruction_id"]), lambda row: row["instruction_id"]):
        usable = [row for row in answers if suits(row["instruction"]) and len(row["output"]) in ANSWER_CHARACTERS]
        found = {kind: [row for row in usable if kind_of(row) == kind] for kind in KINDS}
        if not all(found.values()):
            continue
        for kind, candidates in found.items():
            row = draw.choice(candidates)
            fields = {key: row[key] for key in ("instruction", "output", "generator", "win_rate")}
            picked.append({"id": f"{number}-{kind}", **fields})
        if len(picked) == INSTRUCTIONS * len(KINDS):
            return picked
    raise ValueError("too few instructions suit")


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    lines = [json.dumps(row, ensure_ascii=False) for row in pick(read_rows(Path(sys.argv[1])))]
    Path(sys.argv[2]).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
