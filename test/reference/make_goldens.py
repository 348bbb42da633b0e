"""Makes the goldens: what Hugging Face transformers says about every sample of samples.py.

    python make_goldens.py CHECKPOINT_DIR OUT.json.gz

Scores are of one sequence at a time, unpadded, eager attention, one thread. README.md in this folder describes the
fields.
"""

import gzip
import json
import re
import statistics
import sys
from pathlib import Path

import torch
from exact import ExactModel, rope_frequencies
from inform_reference import fingerprint, load_reference
from samples import samples, token_sequences
from tokenizers import Tokenizer
from transformers import AutoTokenizer
from versions import versions

MAX_LENGTH = 4096


def messages_of(sample: dict) -> list[dict]:
    if "messages" in sample:
        return sample["messages"]
    asked = sample["instruction"] + ("\n" + sample["input"] if sample.get("input") else "")
    return [{"role": "user", "content": asked}, {"role": "assistant", "content": sample["output"]}]


def tokenized(checkpoint: Path) -> list[dict]:
    """name, sample, prompt, tokenCount, truncated and ids of every sample."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    plain = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    found = []
    for entry in samples():
        messages = messages_of(entry["sample"])
        prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
        ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        # transformers may rebuild a tokenizer by its class's rules; the tokenizers library takes tokenizer.json as it is.
        if ids != plain.encode(prompt, add_special_tokens=False).ids:
            raise ValueError(f"{entry['name']}: transformers and tokenizers disagree about the ids")
        if re.fullmatch(r"\d+ tokens", entry["name"]) and entry["name"] != f"{len(ids)} tokens":
            raise ValueError(f"{entry['name']}: has {len(ids)} tokens")
        counts = {"tokenCount": len(ids), "truncated": len(ids) > MAX_LENGTH}
        found.append({**entry, "prompt": prompt, **counts, "ids": ids[:MAX_LENGTH]})
    return found


def check_rope(model, exact: ExactModel) -> None:
    """That transformers scaled its rotary frequencies: they must be those of an independent formula."""
    expected = rope_frequencies(exact.config, exact.head_size)
    worst = (model.model.rotary_emb.inv_freq.double() / expected - 1).abs().max().item()
    if worst > 1e-6:
        raise ValueError(f"transformers' rotary frequencies are off by {worst:.1e} of their value")


def spread(values: list[float]) -> str:
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    return f"mean {mean:.4f}, std {deviation:.4f}, min {min(values):.4f}, max {max(values):.4f}"


def distance(entries: list[dict], field: str) -> str:
    apart = [abs(entry[field] - entry["score"]) for entry in entries]
    worst = entries[apart.index(max(apart))]["name"]
    return f"max {max(apart):.3g} ({worst}), mean {statistics.mean(apart):.3g}"


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    checkpoint, out = Path(sys.argv[1]), Path(sys.argv[2])
    conversations, sequences = tokenized(checkpoint), token_sequences()
    entries = [*conversations, *sequences]

    reference, exact = load_reference(checkpoint), ExactModel(checkpoint)
    rough = load_reference(checkpoint, torch.bfloat16)
    check_rope(reference, exact)
    for entry in entries:
        entry["score"] = reference.reward(entry["ids"])
        entry["score64"] = exact.reward(entry["ids"])
        entry["scoreBf16"] = rough.reward(entry["ids"])

    made = {**versions(), "checkpoint": fingerprint(checkpoint), "maxLength": MAX_LENGTH}
    goldens = {"made": made, "samples": conversations, "tokenSequences": sequences}
    text = json.dumps(goldens, ensure_ascii=False, allow_nan=False)
    # mtime=0: the same goldens are the same bytes.
    out.write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))

    print(f"{len(conversations)} samples, {len(sequences)} token sequences, checkpoint {made['checkpoint']}")
    print("scores of the samples:", spread([entry["score"] for entry in conversations]))
    print("scores of the token sequences:", spread([entry["score"] for entry in sequences]))
    print("float64 from float32:", distance(entries, "score64"))
    print("bfloat16 from float32:", distance(entries, "scoreBf16"))


if __name__ == "__main__":
    main()
