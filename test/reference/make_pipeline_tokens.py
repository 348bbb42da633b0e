"""Token ids as transformers' text-classification pipeline makes them of a rendered prompt, cut on either side:
`make_pipeline_tokens.py CHECKPOINT OUT.json`. The pipeline calls the tokenizer with special tokens, so Llama 3's BOS stands there twice.

The prompts are those of goldens.json.gz. Needs transformers alone.
"""

import gzip
import json
import sys
from pathlib import Path

import transformers

GOLDENS = Path(__file__).parent.parent / "fixtures" / "goldens.json.gz"
LENGTHS = (1, 2, 40, 2048)
EVERY = 12


def main():
    tokenizer = transformers.AutoTokenizer.from_pretrained(sys.argv[1])
    samples = json.loads(gzip.decompress(GOLDENS.read_bytes()))["samples"][::EVERY]
    cases = []
    for sample in samples:
        for side in ("left", "right"):
            tokenizer.truncation_side = side
            for length in LENGTHS:
                ids = tokenizer(sample["prompt"], truncation=True, max_length=length)["input_ids"]
                if length == LENGTHS[-1] and len(ids) > 200:
                    continue
                cases.append({"name": sample["name"], "side": side, "maxLength": length, "ids": ids})
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump({"made": {"transformers": transformers.__version__}, "cases": cases}, file)
        file.write("\n")


main()
