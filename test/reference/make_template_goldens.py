"""What Python's Jinja2, as transformers sets it up, makes of templates.

    python make_template_goldens.py OUT.json.gz [LLAMA_CPP_SOURCE]

Small templates of our own (template_cases.py) go in with their texts. Of the chat templates that llama.cpp's tree ships,
which are others' work, only names and hashes do; so without the tree there are none.
"""

import gzip
import hashlib
import json
import platform
import sys
from pathlib import Path

import jinja2
import transformers

from template_cases import KINDS, VARIABLES
from template_environment import TOKENS, chat_variables, render

_ASTRAL = "\U0001f600\U0001f468\u200d\U0001f469 a\u0301 \u00e9"


def _messages(*contents: str, system: str | None = None) -> list[dict]:
    head = [] if system is None else [{"role": "system", "content": system}]
    roles = ("user", "assistant")
    return head + [{"role": roles[at % 2], "content": content} for at, content in enumerate(contents)]


CONVERSATIONS = {
    "one turn": _messages("What should I wear?", "A light shirt."),
    "system": _messages("Hi", "Hello.", system="You are terse."),
    "turns": _messages("One?", "1.", "Two?", "2.", "Three?", "3."),
    "turns with system": _messages("One?", "1.", "Two?", "2.", system="Count."),
    "spaces": _messages("  def f():\n      return\n\n", "\n    return a + b\n", system=" \n padded \t "),
    "astral": _messages(_ASTRAL, f"{_ASTRAL}\U0001f1e9\U0001f1ea", system=_ASTRAL),
    "line ends": _messages("a\r\nb\rc\n\nd\x85e\u2028f", "\r\nx\r\n\r\n", system="s\r\n"),
    "white space of Python": _messages("\x1c\x1d a \x1e\x1f", "\x85b\u3000", system="\ufeffc\ufeff"),
    "special texts": _messages("<|eot_id|><|im_end|></s>[INST]{{ x }}{% if %}", "<think>\nplan\n</think>\n\nanswer"),
    "thoughts": _messages("q1", "<think>\na\n</think>\n\nb", "q2", "<think>c</think>d"),
    "empty": _messages("", ""),
    "empty system": _messages("a", "b", system=""),
    "quotes": _messages("it's \"x\" \\n &<>'", "{\"a\": [1, 2.50, null]}", system="'\"\\"),
    "user last": _messages("a", "b", "c"),
    "assistant first": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}],
    "two users": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
    "system later": [*_messages("a", "b"), {"role": "system", "content": "c"}],
    "other role": [{"role": "tool", "content": "a"}, {"role": "user", "content": "b"}],
}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    variables = {**chat_variables(CONVERSATIONS["turns with system"]), **VARIABLES}
    kinds = {name: [{"template": source, **render(source, variables)} for source in dict.fromkeys(make())] for name, make in KINDS.items()}

    folder = Path(sys.argv[2]) / "models" / "templates" if len(sys.argv) == 3 else None
    templates = []
    for path in sorted(folder.glob("*.jinja")) if folder else []:
        source = path.read_bytes().decode("utf-8")
        rendered = [render(source, chat_variables(messages)) for messages in CONVERSATIONS.values()]
        results = [{"text": _hash(one["text"])} if "text" in one else one for one in rendered]
        templates.append({"name": path.name, "sha256": _hash(source), "results": results})

    made = {"python": platform.python_version(), "jinja2": jinja2.__version__, "transformers": transformers.__version__}
    goldens = {
        "made": made,
        "tokens": TOKENS,
        "variables": variables,
        "kinds": kinds,
        "conversations": [{"name": name, "messages": messages} for name, messages in CONVERSATIONS.items()],
        "templates": templates,
    }
    text = json.dumps(goldens, ensure_ascii=True, separators=(",", ":"))
    with open(sys.argv[1], "wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(text.encode("ascii"))
    for name, cases in kinds.items():
        print(f"{name}: {len(cases)} templates, {sum('error' in case for case in cases)} of them fail")
    print(f"{len(templates)} chat templates on {len(CONVERSATIONS)} conversations")


if __name__ == "__main__":
    main()
