"""The same model in plain float64 arithmetic, written from the formulas and without transformers.

Two uses. It says how far the float32 reference itself is from the truth; `model.double()` cannot, because transformers
computes RMS norms, softmax and rotary angles in float32 whatever the weights are. And it is a second opinion: two
implementations that share no code agreeing to seven digits leaves little room for a wrong rope or a wrong head.

Formulas: RMS norm (Zhang and Sennrich 2019), rotary embedding in halves as Hugging Face stores q and k (Su et al. 2021),
SwiGLU (Shazeer 2020), grouped-query attention (Ainslie et al. 2023), the frequency scaling of Llama 3.1 (Meta 2024).
"""

import json
import math
from pathlib import Path

import torch
from inform_reference import tensor_files
from safetensors import safe_open


class ExactModel:
    def __init__(self, checkpoint: Path):
        self.config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
        self.tensors = {}
        for name, path in tensor_files(checkpoint).items():
            with safe_open(path, framework="pt") as file:
                self.tensors[name] = file.get_tensor(name).double()
        self.heads = self.config["num_attention_heads"]
        self.groups = self.config.get("num_key_value_heads") or self.heads
        self.head_size = self.config.get("head_dim") or self.config["hidden_size"] // self.heads
        self.frequencies = rope_frequencies(self.config, self.head_size)

    @torch.inference_mode()
    def reward(self, ids: list[int]) -> float:
        x = self.tensors["model.embed_tokens.weight"][ids]  # [tokens, hidden]
        for layer in range(self.config["num_hidden_layers"]):
            prefix = f"model.layers.{layer}."
            x = x + self.attention(prefix + "self_attn.", self.norm(x, prefix + "input_layernorm.weight"))
            x = x + self.feed_forward(prefix + "mlp.", self.norm(x, prefix + "post_attention_layernorm.weight"))
        last = self.norm(x[-1:], "model.norm.weight")
        if "score.weight" in self.tensors:
            return self.project("score", last).item()
        return self.project("score.2", torch.relu(self.project("score.0", last))).item()

    def norm(self, x: torch.Tensor, weight: str) -> torch.Tensor:
        return x / (x.square().mean(-1, keepdim=True) + self.config["rms_norm_eps"]).sqrt() * self.tensors[weight]

    def feed_forward(self, prefix: str, x: torch.Tensor) -> torch.Tensor:
        gate = self.project(prefix + "gate_proj", x)
        return self.project(prefix + "down_proj", gate * torch.sigmoid(gate) * self.project(prefix + "up_proj", x))

    def attention(self, prefix: str, x: torch.Tensor) -> torch.Tensor:
        tokens = x.shape[0]
        q = self.rotate(self.project(prefix + "q_proj", x).view(tokens, self.heads, self.head_size))
        k = self.rotate(self.project(prefix + "k_proj", x).view(tokens, self.groups, self.head_size))
        v = self.project(prefix + "v_proj", x).view(tokens, self.groups, self.head_size)
        future = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
        out = torch.empty_like(q)
        for head in range(self.heads):  # one at a time: [tokens, tokens] in float64 is 134 MB at 4096 tokens
            group = head * self.groups // self.heads
            weights = (q[:, head] @ k[:, group].T / math.sqrt(self.head_size)).masked_fill(future, -math.inf)
            out[:, head] = weights.softmax(-1) @ v[:, group]
        return self.project(prefix + "o_proj", out.reshape(tokens, -1))

    def project(self, name: str, x: torch.Tensor) -> torch.Tensor:
        bias = self.tensors.get(name + ".bias")
        y = x @ self.tensors[name + ".weight"].T
        return y if bias is None else y + bias

    def rotate(self, x: torch.Tensor) -> torch.Tensor:
        """Turns the pair (i, i + half) of every head by position * frequency i. x: [tokens, heads, head_size]"""
        angle = torch.arange(x.shape[0], dtype=torch.float64)[:, None, None] * self.frequencies
        first, second = x.chunk(2, dim=-1)
        cos, sin = angle.cos(), angle.sin()
        return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


def rope_frequencies(config: dict, head_size: int) -> torch.Tensor:
    """Radians per position of each of the head_size / 2 pairs, scaled where the config asks for it."""
    scaling = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = scaling.get("rope_theta") or config.get("rope_theta") or 10000.0
    plain = theta ** -(torch.arange(0, head_size, 2, dtype=torch.float64) / head_size)
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind == "default":
        return plain
    if kind == "linear":
        return plain / scaling["factor"]
    if kind != "llama3":
        raise ValueError(f"rope scaling {kind} is not known here")
    factor, low, high = scaling["factor"], scaling["low_freq_factor"], scaling["high_freq_factor"]
    turns = scaling["original_max_position_embeddings"] * plain / (2 * math.pi)  # full turns within the old context
    # Few turns: slowed by the factor. Many: untouched. Between low and high: a linear mixture of the two.
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return plain * kept + plain / factor * (1 - kept)
