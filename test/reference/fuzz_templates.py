"""Random templates, rendered by Python's Jinja2 and by us.

    python fuzz_templates.py SECONDS [SEED]

Run after `npx tsc -b`. Prints each difference once it is as small as taking parts away makes it, and at the end how many
templates there were. A template that we refuse by name is no difference; one that Jinja2 refuses, we must refuse too.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

from template_cases import VARIABLES
from template_environment import chat_variables, render

SERVER = Path(__file__).parent / "render_templates.mjs"

CHARACTERS = ["a", "b", "B", " ", "\n", "\t", "\r", "0", "7", "-", ".", ",", "<", "&", "'", '"', "\\", "/", "{", "}", "%", "\x1c", "\x85", "\xa0", "\u00df", "\u00e9", "\u0130", "\u03a3", "\u2028", "\u3000", "\ufeff", "\ufb01", "\U0001f600", "\u0301", "\x00", "\x7f"]
METHODS = [
    "strip", "lstrip", "rstrip", "upper", "lower", "capitalize", "title", "split", "rsplit", "splitlines", "replace", "find", "rfind", "count", "startswith",
    "endswith", "join", "format", "center", "ljust", "rjust", "zfill", "partition", "rpartition", "removeprefix", "removesuffix", "index", "isdigit", "isupper",
    "islower", "isspace", "istitle", "isalpha", "isalnum", "swapcase", "items", "keys", "values", "get", "copy", "pop", "append", "nope",
]  # fmt: skip
FILTERS = [
    "abs", "attr", "batch", "capitalize", "center", "count", "default", "d", "dictsort", "e", "escape", "first", "float", "format", "groupby", "indent", "int", "items",
    "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "slice", "sort", "string", "sum",
    "title", "tojson", "trim", "truncate", "unique", "upper", "wordcount",
]  # fmt: skip
TESTS = [
    "boolean", "callable", "defined", "divisibleby", "eq", "escaped", "even", "false", "float", "ge", "gt", "in", "integer", "iterable", "le", "lower", "lt", "mapping", "ne", "none",
    "number", "odd", "sameas", "sequence", "string", "true", "undefined", "upper",
]  # fmt: skip
KEYWORDS = {
    "indent": ["width", "first", "blank"], "tojson": ["indent", "ensure_ascii", "separators", "sort_keys"], "sort": ["reverse", "case_sensitive", "attribute"], "default": ["default_value", "boolean"],
    "dictsort": ["by", "reverse", "case_sensitive"], "map": ["attribute", "default"], "join": ["d", "attribute"], "round": ["precision", "method"], "truncate": ["length", "killwords", "end", "leeway"],
    "groupby": ["attribute", "default"], "sum": ["attribute", "start"], "unique": ["case_sensitive", "attribute"], "int": ["default", "base"], "trim": ["chars"], "split": ["sep", "maxsplit"],
}  # fmt: skip
NAMES = [*VARIABLES, "messages", "tools", "bos_token", "missing", "x", "y", "loop", "ns", "f", "caller", "varargs", "kwargs"]
ATTRIBUTES = ["name", "age", "tags", "role", "content", "b", "a", "index", "index0", "first", "last", "previtem", "nextitem", "length", "items", "x", "0", "1"]
SPECIFICATIONS = ["%s", "%d", "%5.1f", "%r", "%-4s|", "%05d", "%x", "%g", "%%", "{}", "{:>5}", "{0}", "{:.2f}", "{!r}", "{a}", "{:,}", "{:05d}", "{:^7}", "{:e}", "{:g}", "{:%}"]


class Maker:
    """Makes templates as trees: a list of texts and trees. Taking a tree out leaves a smaller template."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def pick(self, *makers):
        return self.chance.choice(makers)()

    def text(self) -> str:
        content = "".join(self.chance.choices(CHARACTERS, k=self.chance.randint(0, 6)))
        if self.chance.random() < 0.15:
            content += self.chance.choice(SPECIFICATIONS)
        quote = self.chance.choice("'\"")
        return quote + content.replace("\\", self.chance.choice(["\\\\", "\\n", "\\x41", "\\q", "\\u00e9"])).replace(quote, "\\" + quote) + quote

    def number(self) -> str:
        return self.chance.choice(["0", "1", "2", "3", "-1", "10", "0.5", "2.5", "1.0", "-0.75", "1e3", "100", "7", "1e16", "3.14159", "123456789"])

    def leaf(self) -> str:
        return self.pick(self.text, self.number, *[lambda: self.chance.choice(NAMES)] * 4, lambda: self.chance.choice(["true", "false", "none", "[]", "{}", "()", "''", "range(3)"]))

    def arguments(self, depth: int, name: str = "") -> list:
        given = [self.expression(depth - 1) for _ in range(self.chance.choice([0, 0, 1, 1, 1, 2, 3]))]
        if name in ("map", "select", "reject") and given and self.chance.random() < 0.8:
            given[0] = repr(self.chance.choice(FILTERS if name == "map" else TESTS))
        if name in ("selectattr", "rejectattr", "groupby", "attr") and self.chance.random() < 0.8:
            given[:1] = [repr(self.chance.choice(ATTRIBUTES))]
            given[1:2] = [repr(self.chance.choice(TESTS))] if len(given) > 1 else []
        if name in KEYWORDS and self.chance.random() < 0.4:
            given.append([self.chance.choice(KEYWORDS[name]), "=", self.expression(depth - 1)])
        return [part for at, one in enumerate(given) for part in ((", ", one) if at else (one,))]

    def expression(self, depth: int):
        if depth <= 0 or self.chance.random() < 0.3:
            return self.leaf()
        inner = lambda: self.expression(depth - 1)  # noqa: E731
        operator = self.chance.choice(["+", "-", "*", "/", "//", "%", "~", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"])
        name, test, method = self.chance.choice(FILTERS), self.chance.choice(TESTS), self.chance.choice(METHODS)
        return self.chance.choice([
            lambda: ["(", inner(), f" {operator} ", inner(), ")"],
            lambda: [inner(), "|", name, "(", *self.arguments(depth, name), ")"],
            lambda: [inner(), "|", name],
            lambda: [inner(), "|", name, "|list"],
            lambda: ["(", inner(), ")", ".", method, "(", *self.arguments(depth, method), ")"],
            lambda: ["(", inner(), " is ", self.chance.choice(["", "not "]), test, "(", *self.arguments(depth), "))"],
            lambda: ["(", inner(), " is ", test, ")"],
            lambda: ["(", inner(), ").", self.chance.choice(ATTRIBUTES)],
            lambda: ["(", inner(), ")[", inner(), "]"],
            lambda: ["(", inner(), ")[", self.bound(), ":", self.bound(), self.chance.choice(["", ":-1", ":2", ":0"]), "]"],
            lambda: ["(", inner(), " if ", inner(), " else ", inner(), ")"],
            lambda: ["(", inner(), " if ", inner(), ")"],
            lambda: ["[", inner(), ", ", inner(), "]"],
            lambda: ["(", inner(), ", ", inner(), ")"],
            lambda: ["{", inner(), ": ", inner(), "}"],
            lambda: ["(not ", inner(), ")"],
            lambda: ["(-", inner(), ")"],
            lambda: [self.chance.choice(["loop.cycle", "loop.changed", "range", "dict", "namespace", "caller", "loop"]), "(", *self.arguments(depth), ")"],
        ])()  # fmt: skip

    def bound(self) -> str:
        return self.chance.choice(["", "", "0", "1", "2", "-1", "-2", "9", "n"])

    def open(self) -> str:
        return self.chance.choice(["{% ", "{% ", "{%- ", "{%+ "])

    def close(self) -> str:
        return self.chance.choice([" %}", " %}", " -%}", " +%}"])

    def tag(self, *parts) -> list:
        return [self.open(), *parts, self.close()]

    def data(self) -> str:
        return "".join(self.chance.choices([" ", "\n", "\t", "x", "\r\n", "  ", "\n  ", "\x1c", "\xa0", "y"], k=self.chance.randint(0, 3)))

    def target(self):
        return self.chance.choice(["x", "x", "y", "s", "tools", "x, y", "ns.x", "names"])

    def body(self, depth: int) -> list:
        return [self.statement(depth - 1) for _ in range(self.chance.randint(1, 2))]

    def statement(self, depth: int):
        show = lambda: [self.chance.choice(["{{ ", "{{- "]), self.expression(self.chance.choice([0, 1, 1, 2])), self.chance.choice([" }}", " -}}"])]  # noqa: E731
        if depth <= 0 or self.chance.random() < 0.4:
            return self.pick(show, show, self.data, lambda: ["{#", self.data(), self.chance.choice(["#}", "-#}"])])
        values = lambda: self.chance.choice(["names", "numbers", "objects", "d.items()", "nested", "messages", "s", "range(3)", "missing", "numbers|select('odd')", self.expression(1)])  # noqa: E731
        return self.chance.choice([
            lambda: [self.tag("set ", self.target(), " = ", self.expression(2))],
            lambda: [self.tag("set ns = namespace(x=", self.expression(1), ")")],
            lambda: [self.tag("set x"), self.body(depth), self.tag("endset")],
            lambda: [self.tag("set x | ", self.chance.choice(FILTERS)), self.body(depth), self.tag("endset")],
            lambda: [self.tag("if ", self.expression(2)), self.body(depth), self.tag("elif ", self.expression(1)), self.body(depth), self.tag("else"), self.body(depth), self.tag("endif")],
            lambda: [self.tag("if ", self.expression(2)), self.body(depth), self.tag("endif")],
            lambda: [self.tag("for ", self.chance.choice(["x", "x", "y", "x, y", "s"]), " in ", values(), self.chance.choice(["", "", [" if ", self.expression(1)], " recursive"])), self.body(depth), self.chance.choice(["", [self.tag("else"), self.body(depth)]]), self.tag("endfor")],
            lambda: [self.tag("for x in ", values()), self.body(depth), self.tag("if ", self.expression(1)), self.tag(self.chance.choice(["break", "continue"])), self.tag("endif"), self.body(depth), self.tag("endfor")],
            lambda: [self.tag("macro f(", self.chance.choice(["", "x", "x, y=2", "y=x, x=1", "names=s"]), ")"), self.body(depth), self.tag("endmacro"), "{{ f(", self.expression(1), ") }}"],
            lambda: [self.tag("macro f(x)"), "{{ caller(", self.expression(0), ") }}", self.body(depth), self.tag("endmacro"), self.tag("call", self.chance.choice(["", "(y)"]), " f(", self.expression(0), ")"), self.body(depth), self.tag("endcall")],
            lambda: [self.tag("with x = ", self.expression(1), ", y = x"), self.body(depth), self.tag("endwith")],
            lambda: [self.tag("filter ", self.chance.choice(["upper", "trim", "replace('a', x)", "indent", "title"])), self.body(depth), self.tag("endfilter")],
            lambda: [self.tag("generation"), self.body(depth), self.tag("endgeneration")],
            lambda: [self.tag("raw"), self.data(), "{{ x }}", self.data(), self.tag("endraw")],
        ])()  # fmt: skip

    def template(self) -> list:
        return [self.statement(self.chance.choice([1, 2, 3])) for _ in range(self.chance.randint(1, 3))]


def flat(tree) -> str:
    return tree if isinstance(tree, str) else "".join(map(flat, tree))


def smaller(tree):
    """The tree with one of its parts left out, replaced by a part of the part, or made smaller itself."""
    if isinstance(tree, str):
        return
    for at, part in enumerate(tree):
        yield tree[:at] + tree[at + 1 :]
        if not isinstance(part, str):
            for inner in part:
                yield [*tree[:at], inner, *tree[at + 1 :]]
            for less in smaller(part):
                yield [*tree[:at], less, *tree[at + 1 :]]


class Ours:
    def __init__(self) -> None:
        self.process = subprocess.Popen(["node", str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def render(self, template: str, variables: dict) -> dict:
        self.process.stdin.write(json.dumps({"template": template, "variables": variables}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    seed = int(sys.argv[2]) if len(sys.argv) == 3 else random.randrange(2**32)
    end = time.monotonic() + float(sys.argv[1])
    chance = random.Random(seed)
    ours = Ours()
    counts = {"templates": 0, "rendered alike": 0, "failed alike": 0, "refused": 0, "different": 0}
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": " hi\r\n"}, {"role": "assistant", "content": "\U0001f600"}]
    variables = {**VARIABLES, **chat_variables(messages), "x": "x y", "y": 2}

    def compare(tree) -> tuple[str, dict, dict]:
        template = flat(tree)
        theirs, answer = render(template, variables), ours.render(template, variables)
        if "error" in theirs:
            return ("failed alike" if "error" in answer else "different"), theirs, answer
        if answer.get("refused"):
            return "refused", theirs, answer
        return ("rendered alike" if answer.get("text") == theirs["text"] else "different"), theirs, answer

    while time.monotonic() < end:
        tree = Maker(chance).template()
        result, theirs, answer = compare(tree)
        counts["templates"] += 1
        counts[result] += 1
        if result != "different":
            continue
        found = True
        while found:
            found = False
            for less in smaller(tree):
                if compare(less)[0] == "different":
                    tree, found = less, True
                    break
        _, theirs, answer = compare(tree)
        print(json.dumps({"template": flat(tree), "jinja2": theirs, "ours": answer}, ensure_ascii=True), flush=True)
    print(f"seed {seed}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))


if __name__ == "__main__":
    main()
