"""Compares our token ids with Hugging Face's on the tokenizers of published models.

    python compare_tokenizers.py FOLDER...

Each FOLDER holds a tokenizer's files alone. transformers 5 reads a tokenizer.model in another way than SentencePiece and
transformers 4 do, so for folders without tokenizer.json this needs transformers 4.57 (and sentencepiece, protobuf). The texts are
those of samples.py, runs of spaces, runs of 300,000 of one character, and 1,500 random ones with special tokens in them.
"""

import json
import random
import subprocess
import sys
from pathlib import Path

import samples as hard
import transformers
from transformers import AutoTokenizer

IDS = Path(__file__).with_name("token_ids.mjs")
RUNS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 62, 63, 64, 65, 130)
HAND = ["</s>", " x", "  x", "x</s>\n", "\u2581a \u2581 b\u2581\u2581c", "<s>[INST] x[/INST] y</s>", "<s> [INST]x[/INST]y </s> <s>z<unk>[control_8]"]


def texts() -> list[str]:
    groups = (hard.scripts, hard.code, hard.numbers, hard.short, hard.trimmed, hard.special, hard.odd)
    samples = [entry["sample"][part] for group in groups for entry in group() for part in ("instruction", "output")]
    spaces = [f"a{' ' * n}b\n{' ' * n}c {chr(9) * n}d" for n in RUNS]
    long = ["anan" * 500, "aaab" * 300 + "abab" * 300, *(character * 300_000 for character in "a \u4e00\u00e9\n\U0001f9d9")]
    alphabet = [chr(code) for code in (*range(32, 127), *range(0x400, 0x460), *range(0x4E00, 0x4E40), 0x1F600, 0x301, 0x2581)]
    alphabet += ["<s>", "</s>", "[INST]", "[/INST]", " ", "  "]
    draw = random.Random(7)
    drawn = ["".join(draw.choice(alphabet) for _ in range(draw.randrange(1, 60))) for _ in range(1500)]
    return [text for text in (*samples, *spaces, *HAND, *long, *drawn) if text]


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    different = 0
    for folder in sys.argv[1:]:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        asked = texts()
        theirs = [tokenizer(text, add_special_tokens=False).input_ids for text in asked]
        command = ["node", str(IDS), folder, str(len(tokenizer))]
        ours = json.loads(subprocess.run(command, input=json.dumps(asked), capture_output=True, check=True, text=True).stdout)
        wrong = [text for text, own, other in zip(asked, ours, theirs, strict=True) if own != other]
        print(f"{folder}: {len(asked)} texts, {sum(map(len, theirs))} tokens, {len(wrong)} texts with other ids (transformers {transformers.__version__})")
        for text in wrong[:5]:
            print(f"  {text[:60]!r}")
        different += len(wrong)
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
