"""Makes the goldens of the variants of a checkpoint: what Hugging Face transformers says about a few samples on each of them.

    python make_variant_goldens.py FOLDER OUT.json.gz

FOLDER holds the checkpoints, each in a folder `variant-NAME`. Whatever the files say is left to transformers: the tokenizer is
AutoTokenizer, and the class that config.json names scores, one conversation at a time. A text that begins with BOS is given
to the tokenizer without it, as the model cards of such classifiers do, where the tokenizer adds it again.
"""

import gzip
import json
import sys
from pathlib import Path

import torch
from inform_reference import fingerprint
from make_goldens import messages_of
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer
from versions import versions

MAX_LENGTH = {"cut-on-the-left": 40, "cut-on-the-left-without-bos": 40}

SAMPLES = [
    {
        "name": "short",
        "sample": {
            "instruction": "What should I wear for a walk in July?",
            "input": "",
            "output": "A light shirt, a hat and sun cream.",
        },
    },
    {"name": "one word", "sample": {"instruction": "What should I wear for a walk in July?", "output": "Whatever."}},
    {
        "name": "turns",
        "sample": {
            "messages": [
                {"role": "user", "content": "What should I wear for a walk in July?"},
                {"role": "assistant", "content": "A light shirt, a hat and sun cream."},
                {"role": "user", "content": "And in January?"},
                {"role": "assistant", "content": "A warm coat, gloves and boots with a good sole."},
            ]
        },
    },
    {
        "name": "digits, white space, scripts",
        "sample": {
            "instruction": "Sum 1234567 + ²³ + ٣٤٥ + ⅷ!!  \n\n\tI'LL, we'Ve,  don't",
            "output": "日本語とрусский and עברית:\r\n  x  =  10000;   \n\n\n café cafe\u0301 \U0001F469\u200D\U0001F680 !!",
        },
    },
    {
        "name": "texts of added tokens",
        "sample": {
            "instruction": "Fill the blank: the sky is  <mask> today.",
            "output": "It is <mask>blue <mask> and <|eom_id|> <mask>.",
        },
    },
]


def ids_of(tokenizer, messages: list[dict], max_length: int) -> list[int]:
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
    adds = tokenizer("").input_ids
    bos = tokenizer.decode(adds)
    if adds and not text.startswith(bos):
        return tokenizer(text, truncation=True, max_length=max_length).input_ids
    return tokenizer(text, truncation=True, max_length=max_length, add_special_tokens=False).input_ids


@torch.inference_mode()
def judged(folder: Path) -> dict:
    name = folder.name.removeprefix("variant-")
    max_length = MAX_LENGTH.get(name, 4096)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    sequences = [torch.tensor([ids_of(tokenizer, messages_of(entry["sample"]), max_length)]) for entry in SAMPLES]
    if (folder / "value_head.safetensors").exists():
        # TRL's ValueHead in evaluation: a Linear on the last hidden state.
        backbone = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval().model
        head = {key: value.float() for key, value in load_file(folder / "value_head.safetensors").items()}
        states = [backbone(input_ids=ids, use_cache=False).last_hidden_state[0, -1] for ids in sequences]
        scores = [(head["v_head.summary.weight"] @ state + head["v_head.summary.bias"]).item() for state in states]
    else:
        model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, num_labels=1).eval()
        scores = [model(input_ids=ids, use_cache=False).logits.item() for ids in sequences]
    print(f"{name}: {len(sequences[0][0])} tokens first, scores {[round(score, 3) for score in scores]}")
    return {"name": name, "checkpoint": fingerprint(folder), "maxLength": max_length, "scores": scores}


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folders = sorted(path.parent for path in Path(sys.argv[1]).glob("variant-*/config.json"))
    goldens = {"made": versions(), "samples": SAMPLES, "variants": [judged(folder) for folder in folders]}
    text = json.dumps(goldens, ensure_ascii=False, allow_nan=False)
    Path(sys.argv[2]).write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
