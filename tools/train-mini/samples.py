"""Writes the data as inform-score reads it.

    python samples.py DATA PAIRS-200.jsonl OUT

makes OUT/validation.jsonl, its rows' numbers as ids, and OUT/pairs.jsonl with the ids `<id>-chosen` and `<id>-rejected`.
"""

import json
import sys
from pathlib import Path

from answers import read_rows


def write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    data, pairs, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    answers = read_rows(data / "validation.jsonl.gz")
    write(
        out / "validation.jsonl",
        [{"id": i, "instruction": row["instruction"], "output": row["output"]} for i, row in enumerate(answers)],
    )
    given = [json.loads(line) for line in pairs.read_text(encoding="utf-8").splitlines()]
    write(
        out / "pairs.jsonl",
        [
            {"id": f"{row['id']}-{kind}", "instruction": row["prompt"], "output": row[kind]}
            for row in given
            for kind in ("chosen", "rejected")
        ],
    )


if __name__ == "__main__":
    main()
