"""Excerpts llama.cpp's own tokenization cases for the Llama 3 vocabulary.

    python make_tokenizer_cases.py LLAMA_CPP_SOURCE CHECKPOINT_DIR OUT.json

Writes [{"text", "ids"}, …] and fails unless the checkpoint's Hugging Face tokenizer gives the same ids: then the two
projects agree about these texts, and so must we.
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

SEPARATOR = "\n__ggml_vocab_test__\n"


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    cases = Path(sys.argv[1]) / "models" / "ggml-vocab-llama-bpe.gguf"
    # Bytes first: reading as text would turn the cases' own line ends into others.
    texts = Path(f"{cases}.inp").read_bytes().decode("utf-8").removesuffix(SEPARATOR).split(SEPARATOR)
    ids = [[int(word) for word in line.split()] for line in Path(f"{cases}.out").read_text().splitlines()]
    tokenizer = Tokenizer.from_file(str(Path(sys.argv[2]) / "tokenizer.json"))
    for number, (text, expected) in enumerate(zip(texts, ids, strict=True)):
        found = tokenizer.encode(text, add_special_tokens=False).ids
        if found != expected:
            raise ValueError(f"case {number}, {text!r}: llama.cpp has {expected}, tokenizers gives {found}")
    lines = [json.dumps({"text": text, "ids": case}, ensure_ascii=False) for text, case in zip(texts, ids)]
    Path(sys.argv[3]).write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{len(lines)} cases, all the same in llama.cpp and tokenizers")


if __name__ == "__main__":
    main()
