"""200 pairs of an answer and the same answer made wrong: in its numbers, its facts, or its code.

    python corrupt.py DATA OUT.jsonl

The answers are of the validation split, none of whose instructions is trained on: those with a win rate of 0.3 or more, and for code
any that holds a block of it. OUT has a row for each side, as inform-score reads it; its ids are `<kind>-<number>-right` and `-wrong`.
Everything is drawn with a fixed seed, and no score is looked at.

- numbers: up to three numbers of two digits or more, or decimals, are replaced by others of the same length;
- facts: capitalised words within sentences are replaced by those of answers to another instruction;
- code: within blocks, one operator, comparison, constant or index is exchanged, or one line is left out.
"""

import paths  # noqa: F401, I001
import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path

from answers import read_rows

SEED = 20261128
COUNTS = {"numbers": 70, "facts": 70, "code": 60}
GOOD = 0.3  # win rate
MOST_CHARACTERS = 2500
PER_INSTRUCTION = 3  # pairs of one kind, but for code, which few answers hold

NUMBER = re.compile(r"(?<![\w.])\d{2,}(?:\.\d+)?(?![\w.]*\d)")
NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}")
BLOCK = re.compile(r"```.*?\n(.*?)```", re.DOTALL)
EXCHANGES = {" + ": " - ", " - ": " + ", " == ": " != ", " === ": " !== ", " < ": " >= ", " > ": " <= ", " and ": " or ", "&&": "||", "True": "False", "true": "false", "[0]": "[1]", " in ": " not in "}

Corruption = Callable[[str, random.Random, list[str]], str | None]


def other_number(match: re.Match[str], draw: random.Random) -> str:
    return "".join(draw.choice("123456789".replace(digit, "")) if digit.isdigit() else digit for digit in match.group())


def numbers(text: str, draw: random.Random, _others: list[str]) -> str | None:
    found = list(NUMBER.finditer(text))
    if not found:
        return None
    for match in sorted(draw.sample(found, min(3, len(found))), key=lambda each: -each.start()):
        text = text[: match.start()] + other_number(match, draw) + text[match.end() :]
    return text


def facts(text: str, draw: random.Random, others: list[str]) -> str | None:
    names = sorted({match.group() for match in NAME.finditer(text)})
    strangers = sorted({match.group() for other in others for match in NAME.finditer(other)} - set(names))
    if len(names) < 2 or len(strangers) < len(names):
        return None
    for name, stranger in zip(names, draw.sample(strangers, len(names)), strict=True):
        text = re.sub(rf"\b{name}\b", stranger, text)
    return text


def code(text: str, draw: random.Random, _others: list[str]) -> str | None:
    block = BLOCK.search(text)
    if block is None:
        return None
    inside = block.group(1)
    found = [(match.start(), old, new) for old, new in EXCHANGES.items() for match in re.finditer(re.escape(old), inside)]
    lines = [line for line in inside.splitlines(keepends=True) if len(line.strip()) > 4 and not line.strip().startswith(("//", "#"))]
    if found and draw.random() < 0.7:
        start, old, new = draw.choice(found)
        changed = inside[:start] + new + inside[start + len(old) :]
    elif len(lines) > 3:
        changed = inside.replace(draw.choice(lines[1:-1]), "", 1)
    else:
        return None
    return text[: block.start(1)] + changed + text[block.end(1) :]


def pairs_of(kind: str, corrupt: Corruption, rows: list[dict], draw: random.Random) -> list[dict]:
    suited = [row for row in rows if len(row["output"]) <= MOST_CHARACTERS and (kind == "code" or row["win_rate"] >= GOOD)]
    taken: dict[int, int] = {}
    out: list[dict] = []
    for row in draw.sample(suited, len(suited)):
        if len(out) == COUNTS[kind] or (kind != "code" and taken.get(row["instruction_id"], 0) == PER_INSTRUCTION):
            continue
        others = [each["output"] for each in draw.sample(rows, 20) if each["instruction_id"] != row["instruction_id"]]
        wrong = corrupt(row["output"], draw, others)
        if wrong is None or wrong == row["output"]:
            continue
        taken[row["instruction_id"]] = taken.get(row["instruction_id"], 0) + 1
        out.append({"instruction": row["instruction"], "right": row["output"], "wrong": wrong})
    return out


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    rows = read_rows(Path(sys.argv[1]) / "validation.jsonl.gz")
    draw = random.Random(SEED)
    with Path(sys.argv[2]).open("w", encoding="utf-8") as file:
        for kind, corrupt in (("numbers", numbers), ("facts", facts), ("code", code)):
            made = pairs_of(kind, corrupt, rows, draw)
            print(f"{kind}: {len(made)} pairs of {len({pair['instruction'] for pair in made})} instructions")
            for number, pair in enumerate(made):
                for side in ("right", "wrong"):
                    sample = {"id": f"{kind}-{number}-{side}", "instruction": pair["instruction"], "output": pair[side]}
                    file.write(json.dumps(sample, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
