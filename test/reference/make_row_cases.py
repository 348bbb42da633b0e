"""Rows as Python's json reads them: `make_row_cases.py OUT.json`. Needs nothing but Python; the seed is fixed.

Each case is [text, fields]: a line, and the values of instruction, input, output and other when json.loads takes it and
gives an object, else null. Where "other" holds NaN or an infinity, which the fixture's JSON does not have, it is left out.
"""

import json
import math
import random
import sys

SEED = 20261128
CASES = 600
FIELDS = ("instruction", "input", "output", "other")

WORDS = ["Add.", "é", "\U0001f600", '"NaN"', "Infinity", "\\", "/", "\n", "\t", "\u2028", "\x7f", "", "{}", "[1]", '"id": 5']
GOOD = ["NaN", "Infinity", "-Infinity", "1e999", "-0.0", "1E5", "true", "false", "null", "12345678901234567890", "0.1",
        "[]", "{}", "[NaN, {\"a\": -Infinity}]", "[0, 0.0]", "{\"NaN\": \"Infinity\"}"]  # fmt: skip
BAD = ["-NaN", "nan", "inf", "+1", "1.", ".5", "01", "None", "True", "NaN5", "1NaN", "1-Infinity", "+Infinity", "N aN"]


def text(rng):
    written = json.dumps("".join(rng.choice(WORDS) for _ in range(rng.randrange(4))), ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.1:
        written = written.replace('"', '"' + rng.choice(["\\u00e9", "\\ud83d\\ude00", "\\u0000", "\\x", "\\u12", "\t"]), 1)
    return written


def bare(rng):
    return rng.choice(GOOD if rng.random() < 0.9 else BAD)


def row(rng):
    members = [(rng.choice(FIELDS[:3]), text(rng)) for _ in range(rng.randrange(2))]
    members += [(field, text(rng)) for field in FIELDS[:3]]
    members += [("other", bare(rng)) for _ in range(rng.randrange(1, 3))]
    if rng.random() < 0.2:
        members.append((rng.choice(FIELDS), bare(rng)))
    rng.shuffle(members)
    comma = rng.choice([",", ", ", " ,\t", " , "])
    line = "{" + comma.join(f'"{name}"{rng.choice([":", ": ", " : "])}{value}' for name, value in members) + "}"
    if rng.random() < 0.15:
        at = rng.randrange(len(line))
        line = line[:at] + rng.choice(["", ",", "}", '"', "\\", "x", "NaN"]) + line[at + rng.randrange(2) :]
    return line


def is_finite(value):
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(is_finite, value.values()))
    return all(map(is_finite, value)) if isinstance(value, list) else True


def fields_of(line):
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    return {name: value[name] for name in FIELDS if name in value and is_finite(value[name])}


def main():
    rng = random.Random(SEED)
    lines = [row(rng) for _ in range(CASES)]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        cases = ",\n".join(json.dumps([line, fields_of(line)]) for line in lines)
        file.write(f"[\n{cases}\n]\n")


main()
