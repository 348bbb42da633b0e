"""Makes ../fixtures/python-values.json: what Python gives to the names of examples like those of model cards.

    python make_python_values.py

Each case is code, and the names that end with a value of its own kinds; names whose value Python computes by an operator, a call or
a comprehension are left out, as src/models/card/python-values.ts reads an example and runs nothing.
"""

import ast
import json
from pathlib import Path

CASES = [
    'a = "one"\nb = \'two\'\nc = """three\nlines # and no comment"""\nd = r"raw\\n"\ne = "esc\\n\\t\\\\ \\" \\x41 \\u00e9 \\U0001F600"',
    'prompt = "Which is larger, 9.11 or 9.9?"\n'
    'response1 = "9.9, since 0.9 is more than 0.11."\n'
    'conv1 = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response1}]\n'
    'conv2 = [\n    {"role": "user", "content": prompt},  # the same\n    {"role": "assistant", "content": "9.11"},\n]\n'
    'score = model(**conv1)[0]\n',
    'long = ("one "\n        "and " \'two\')\npair = (1, -2.5, 3e2)\nsingle = (4)\nflags = [True, False, None]\nempty = []\nnone = {}',
    'text = "x = 1\\ny = 2"\nother = """\nz = "inside a string"\n"""\nz = "outside"',
    'a = "one" + "two"\nb = f"{1}"\nc = [x for x in range(3)]\nd = a\ne = len("x")\nf = "kept"\nf == "compared"\ng = h = "chained"',
    'unfinished = [1, 2\nlater = "not reached by Python either"',
]

CONSTANT = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Name, ast.UnaryOp)


def is_stated(node: ast.AST, names: dict) -> bool:
    if isinstance(node, ast.JoinedStr) or not isinstance(node, CONSTANT):
        return False
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)
    parts = node.elts if isinstance(node, (ast.List, ast.Tuple)) else []
    if isinstance(node, ast.Dict):
        parts = [*node.keys, *node.values]
    return all(is_stated(part, names) for part in parts)


def values_of(code: str) -> dict | None:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return None
    names: dict = {}
    for node in tree.body:
        plain = isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        if plain and is_stated(node.value, names):
            names[node.targets[0].id] = eval(compile(ast.Expression(node.value), "", "eval"), {}, dict(names))
    return names


target = Path(__file__).parent.parent / "fixtures" / "python-values.json"
cases = [{"code": code, "values": values_of(code)} for code in CASES]
target.write_text(json.dumps(cases, indent=1) + "\n")
