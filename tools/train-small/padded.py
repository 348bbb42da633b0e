"""200 pairs of an answer and the same answer padded with its own text.

    python padded.py DATA OUT.jsonl

The answers are of the validation split, of all win rates, three of an instruction at most. Half are padded with their own last
paragraph or sentence once more, half with all of themselves once more. OUT is as corrupt.py writes it.
"""

import paths  # noqa: F401, I001
import json
import random
import re
import sys
from pathlib import Path

from answers import read_rows

SEED = 20261128
PAIRS = 200
PER_INSTRUCTION = 3
CHARACTERS = range(40, 1501)


def last_piece(text: str) -> str:
    """The last paragraph, or the last sentence of a text of one."""
    pieces = re.split(r"\n\s*\n", text.strip())
    return pieces[-1] if len(pieces) > 1 else re.split(r"(?<=[.!?])\s+", text.strip())[-1]


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    rows = [row for row in read_rows(Path(sys.argv[1]) / "validation.jsonl.gz") if len(row["output"]) in CHARACTERS]
    draw = random.Random(SEED)
    taken: dict[int, int] = {}
    lines: list[str] = []
    for row in draw.sample(rows, len(rows)):
        if taken.get(row["instruction_id"], 0) == PER_INSTRUCTION or len(lines) == 2 * PAIRS:
            continue
        taken[row["instruction_id"]] = taken.get(row["instruction_id"], 0) + 1
        number = len(lines) // 2
        kind, more = ("piece", last_piece(row["output"])) if number % 2 == 0 else ("whole", row["output"])
        for side, output in (("right", row["output"]), ("wrong", f"{row['output']}\n\n{more}")):
            sample = {"id": f"padded_{kind}-{number}-{side}", "instruction": row["instruction"], "output": output}
            lines.append(json.dumps(sample, ensure_ascii=False) + "\n")
    Path(sys.argv[2]).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
