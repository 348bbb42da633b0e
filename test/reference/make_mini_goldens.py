"""Makes the goldens of a trained model: what transformers says with the very weights that its GGUF file holds.

    python make_mini_goldens.py MODEL.gguf CHECKPOINT DATA/validation.jsonl.gz OUT.json.gz [INSTRUCTIONS]

MODEL is models/inform-mini.gguf or models/inform-small.gguf.

The GGUF's weights are dequantized by PyPI's `gguf`, so that the goldens differ from our engine's scores by arithmetic
alone and not by quantization. CHECKPOINT is a folder with its tokenizer. The answers are drawn from validation
data of AlpacaEval (Apache-2.0): of each of INSTRUCTIONS (16) two with a high win rate and two with a low one.
README.md in this folder describes the fields.
"""

import gzip
import hashlib
import json
import random
import sys
from itertools import groupby
from pathlib import Path

import torch
from gguf import GGUFReader
from inform_reference import InformReference
from llama_weights import ROPE_SCALING, tensors_of
from make_goldens import messages_of, spread
from transformers import AutoTokenizer, LlamaConfig
from versions import versions

INSTRUCTIONS = 16
MOST_CHARACTERS = 1500  # of an answer
HIGH, LOW = 0.6, 0.1  # win rates
SEED = 20261125


def rope_of(reader: GGUFReader) -> dict:
    """llama.cpp stores Llama 3's scaling as a tensor, and no scaling as none."""
    theta = reader.fields["llama.rope.freq_base"].contents()
    if all(tensor.name != ROPE_SCALING for tensor in reader.tensors):
        return {"rope_type": "default", "rope_theta": theta}
    return {
        "rope_type": "llama3",
        "rope_theta": theta,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }


def load_gguf(path: Path) -> InformReference:
    reader = GGUFReader(path)
    number = lambda key: reader.fields[f"llama.{key}"].contents()  # noqa: E731
    state = tensors_of(reader)
    config = LlamaConfig(
        vocab_size=len(state["model.embed_tokens.weight"]),
        hidden_size=number("embedding_length"),
        intermediate_size=number("feed_forward_length"),
        num_hidden_layers=number("block_count"),
        num_attention_heads=number("attention.head_count"),
        num_key_value_heads=number("attention.head_count_kv"),
        rms_norm_eps=number("attention.layer_norm_rms_epsilon"),
        max_position_embeddings=number("context_length"),
        rope_parameters=rope_of(reader),
        attn_implementation="eager",
    )
    model = InformReference(config)
    model.load_state_dict(state, strict=True)
    return model.eval()


def drawn(rows: list[dict], instructions: int) -> list[dict]:
    draw = random.Random(SEED)
    by_instruction = lambda row: row["instruction_id"]  # noqa: E731
    usable = []
    for number, answers in groupby(sorted(rows, key=by_instruction), by_instruction):
        short = [row for row in answers if 0 < len(row["output"]) <= MOST_CHARACTERS]
        high = [row for row in short if row["win_rate"] >= HIGH]
        low = [row for row in short if row["win_rate"] <= LOW]
        if len(high) >= 2 and len(low) >= 2:
            usable.append((number, draw.sample(high, 2) + draw.sample(low, 2)))
    return [row for _, answers in sorted(draw.sample(usable, instructions)) for row in answers]


def main() -> None:
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    torch.set_num_threads(1)
    gguf, checkpoint, data, out = map(Path, sys.argv[1:5])
    instructions = int(sys.argv[5]) if len(sys.argv) == 6 else INSTRUCTIONS
    model, tokenizer = load_gguf(gguf), AutoTokenizer.from_pretrained(checkpoint)
    with gzip.open(data, "rt", encoding="utf-8") as file:
        rows = drawn([json.loads(line) for line in file], instructions)
    samples = []
    for row in rows:
        sample = {"instruction": row["instruction"], "output": row["output"]}
        prompt = tokenizer.apply_chat_template(messages_of(sample), tokenize=False, add_generation_prompt=False)
        ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        kept = {key: row[key] for key in ("instruction_id", "generator", "win_rate")}
        samples.append({**kept, "sample": sample, "ids": ids, "score": model.reward(ids)})
    made = {**versions(), "gguf": hashlib.sha256(gguf.read_bytes()).hexdigest()}
    text = json.dumps({"made": made, "samples": samples}, ensure_ascii=False, allow_nan=False)
    out.write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))
    print(f"{len(samples)} samples, {out.stat().st_size} bytes; scores:", spread([s["score"] for s in samples]))


if __name__ == "__main__":
    main()
