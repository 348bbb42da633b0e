"""The weights of a Llama's GGUF file as transformers has them."""

import torch
from gguf import GGUFReader, dequantize

NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}

OTHER_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "cls.weight": "score.0.weight",
    "cls.bias": "score.0.bias",
    "cls.output.weight": "score.2.weight",
    "cls.output.bias": "score.2.bias",
}
OWN_HEAD = "cls.output.weight"
ROPE_SCALING = "rope_freqs.weight"


def field(reader: GGUFReader, key: str):
    return reader.get_field(key).contents()


def in_halves(weight: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows in transformers' order of rotary pairs: llama.cpp has the two of a pair side by side."""
    rows, columns = weight.shape
    return weight.view(heads, rows // heads // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


def tensors_of(reader: GGUFReader) -> dict[str, torch.Tensor]:
    """Dequantized to float32, by transformers' names, a head of INF-ORM's form included."""
    heads = {"attn_q": field(reader, "llama.attention.head_count"), "attn_k": field(reader, "llama.attention.head_count_kv")}
    tensors = {}
    for tensor in reader.tensors:
        if tensor.name == ROPE_SCALING:
            continue  # transformers computes it from the config
        value = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()).float()
        place = tensor.name.split(".")
        if place[0] == "blk":
            layer, kind = place[1], place[2]
            value = in_halves(value, heads[kind]) if kind in heads else value
            tensors[f"model.layers.{layer}.{NAMES[kind]}.weight"] = value.contiguous()
        else:
            # Not every writer keeps a trailing dimension of 1.
            tensors[OTHER_NAMES[tensor.name]] = value.reshape(1, -1) if tensor.name == OWN_HEAD else value
    return tensors
