"""Makes the goldens of the odd checkpoints: what Hugging Face transformers says about a few samples on each of them.

    python make_odd_goldens.py FOLDER OUT.json.gz

FOLDER holds the generated checkpoints, each in a folder `odd-NAME`. README.md in this folder describes the fields.
"""

import gzip
import json
import sys
from pathlib import Path

import torch
from exact import ExactModel
from inform_reference import fingerprint, load_reference
from make_goldens import check_rope, messages_of, spread
from samples import samples
from tokenizers import Tokenizer
from transformers import AutoTokenizer
from versions import versions

NAMES = (
    "sft-805 0",
    "sft-805 126",
    "pairs-200 1 chosen",
    "Chinese",
    "Python",
    "end of turn in the answer",
    "messages, twelve turns",
    "a question of 900 words and a short answer",
)


def tokenized(checkpoint: Path) -> list[dict]:
    """name, sample and ids, as this checkpoint's own tokenizer and template give them."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    plain = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    found = []
    for entry in samples():
        if entry["name"] in NAMES:
            messages = messages_of(entry["sample"])
            prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
            ids = plain.encode(prompt, add_special_tokens=False).ids
            if ids != tokenizer(prompt, add_special_tokens=False)["input_ids"]:
                raise ValueError(f"{entry['name']}: transformers and tokenizers disagree about the ids")
            found.append({**entry, "ids": ids})
    return found


def judged(checkpoint: Path, ids: list[list[int]]) -> dict:
    reference, exact = load_reference(checkpoint), ExactModel(checkpoint)
    rough = load_reference(checkpoint, torch.bfloat16)
    check_rope(reference, exact)
    return {
        "name": checkpoint.name.removeprefix("odd-"),
        "checkpoint": fingerprint(checkpoint),
        "scores": [reference.reward(sequence) for sequence in ids],
        "scores64": [exact.reward(sequence) for sequence in ids],
        "scoresBf16": [rough.reward(sequence) for sequence in ids],
    }


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folders = sorted(path.parent for path in Path(sys.argv[1]).glob("odd-*/config.json"))
    entries = tokenized(folders[0])
    found = []
    for folder in folders:
        if tokenized(folder) != entries:
            raise ValueError(f"{folder.name}: its tokenizer gives other ids than the first one's")
        result = judged(folder, [entry["ids"] for entry in entries])
        found.append(result)
        apart = {
            field: max(abs(a - b) for a, b in zip(result["scores"], result[field]))
            for field in ("scores64", "scoresBf16")
        }
        print(f"{result['name']}: {spread(result['scores'])}; float64 {apart['scores64']:.1e}, "
              f"bfloat16 {apart['scoresBf16']:.1e} from float32")
    goldens = {"made": versions(), "samples": entries, "checkpoints": found}
    text = json.dumps(goldens, ensure_ascii=False, allow_nan=False)
    Path(sys.argv[2]).write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
