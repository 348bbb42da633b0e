"""Chat templates as transformers renders them, less the date (docs/design.md)."""

import copy
import re

from transformers.utils.chat_template_utils import _compile_jinja_template

# What Python prints of a function or a generator is its address in memory.
ADDRESS = re.compile(r" at 0x[0-9a-f]+>|<class '|<function |<built-in |<bound ")

# The special tokens that the conversations below are rendered with. A tokenizer without the others leaves them undefined.
TOKENS = {"bos_token": "<B>", "eos_token": "<E>", "pad_token": "<P>"}


def compile_template(source: str):
    template = _compile_jinja_template(source)
    template.environment.globals.pop("strftime_now", None)
    return template


def render(source: str, variables: dict) -> dict:
    """{"text"}, or {"error"}: the name of the exception. What only an address in memory would say is an error too."""
    try:
        # A copy, since `|indent` changes the list that it then refuses.
        text = compile_template(source).render(**copy.deepcopy(variables))
        text.encode("utf-8")
    except RecursionError:
        return {"error": "RecursionError"}
    except Exception as error:  # noqa: BLE001: whatever is raised, the sample has no prompt
        return {"error": type(error).__name__}
    return {"error": "address"} if ADDRESS.search(text) else {"text": text}


def chat_variables(messages: list[dict]) -> dict:
    """The variables of apply_chat_template without tools and documents."""
    return {**TOKENS, "messages": messages, "tools": None, "documents": None, "add_generation_prompt": False}
