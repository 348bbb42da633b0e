"""Layers of a pretrained Llama, and one that gathers: INF-ORM's architecture, computed no further than the reward needs.

The parameters bear the names of a checkpoint's tensors. Matrices are bfloat16; the residual stream, the norms and the head are float32.
Sequences are padded on the right, which causal attention never sees, and the last layer is computed at each sequence's last token
alone, since nothing else reaches the head.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


EPSILON = 1e-5


@dataclass(frozen=True)
class Geometry:
    """SmolLM2-135M's, but for the number of layers."""

    layers: int  # the gathering one included
    rows: int = 49152  # of the embedding
    hidden: int = 576
    feed_forward: int = 1536
    heads: int = 9
    kv_heads: int = 3
    rope_theta: float = 100000.0

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads


def matrix(inputs: int, outputs: int) -> nn.Linear:
    return nn.Linear(inputs, outputs, bias=False, dtype=torch.bfloat16)


class Norm(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        """In bfloat16."""
        return F.rms_norm(x, x.shape[-1:], self.weight, EPSILON).bfloat16()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [batch, heads, tokens, head_dim] turned by angles [..., tokens, head_dim / 2], halves paired as in Llama."""
    a, b = x.float().chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1).to(x.dtype)


def at(x: Tensor, position: Tensor) -> Tensor:
    """One position of each sequence, [batch, 1, ...]."""
    return x[torch.arange(len(x)), position][:, None]


class Attention(nn.Module):
    def __init__(self, geometry: Geometry):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = geometry.heads, geometry.kv_heads, geometry.head_dim
        kv = self.kv_heads * self.head_dim
        self.q_proj = matrix(geometry.hidden, geometry.hidden)
        self.k_proj = matrix(geometry.hidden, kv)
        self.v_proj = matrix(geometry.hidden, kv)
        self.o_proj = matrix(geometry.hidden, geometry.hidden)

    def split(self, x: Tensor, heads: int) -> Tensor:
        return x.unflatten(-1, (heads, self.head_dim)).transpose(1, 2)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, last: Tensor | None = None) -> Tensor:
        """x [batch, tokens, hidden]; with `last` [batch], only those positions look: [batch, 1, hidden]."""
        asking, turned, mask = x, (cos, sin), None
        if last is not None:
            asking = at(x, last)
            turned = (cos[last][:, None, None], sin[last][:, None, None])
            mask = (torch.arange(x.shape[1]) <= last[:, None])[:, None, None]
        q = rotate(self.split(self.q_proj(asking), self.heads), *turned)
        k = rotate(self.split(self.k_proj(x), self.kv_heads), cos, sin)
        v = self.split(self.v_proj(x), self.kv_heads)
        share = self.heads // self.kv_heads
        k, v = k.repeat_interleave(share, 1), v.repeat_interleave(share, 1)
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        return self.o_proj(seen.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, geometry: Geometry):
        super().__init__()
        self.gate_proj = matrix(geometry.hidden, geometry.feed_forward)
        self.up_proj = matrix(geometry.hidden, geometry.feed_forward)
        self.down_proj = matrix(geometry.feed_forward, geometry.hidden)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, geometry: Geometry):
        super().__init__()
        self.input_layernorm = Norm(geometry.hidden)
        self.self_attn = Attention(geometry)
        self.post_attention_layernorm = Norm(geometry.hidden)
        self.mlp = FeedForward(geometry)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, last: Tensor | None = None) -> Tensor:
        seen = self.self_attn(self.input_layernorm(x), cos, sin, last)
        x = (x if last is None else at(x, last)) + seen
        return x + self.mlp(self.post_attention_layernorm(x))


class Backbone(nn.Module):
    def __init__(self, geometry: Geometry):
        super().__init__()
        self.embed_tokens = nn.Embedding(geometry.rows, geometry.hidden, dtype=torch.bfloat16)
        self.layers = nn.ModuleList(Layer(geometry) for _ in range(geometry.layers))
        self.norm = Norm(geometry.hidden)


class RewardModel(nn.Module):
    def __init__(self, geometry: Geometry):
        super().__init__()
        self.geometry = geometry
        self.model = Backbone(geometry)
        self.score = nn.Sequential(
            nn.Linear(geometry.hidden, geometry.hidden), nn.ReLU(), nn.Linear(geometry.hidden, 1)
        )

    def angles(self, tokens: int) -> tuple[Tensor, Tensor]:
        size = self.geometry.head_dim
        frequencies = self.geometry.rope_theta ** (-torch.arange(0, size, 2, dtype=torch.float32) / size)
        turned = torch.arange(tokens, dtype=torch.float32)[:, None] * frequencies
        return turned.cos(), turned.sin()

    def rewards(self, ids: Tensor, last: Tensor) -> Tensor:
        """Of tokens [batch, tokens] that end at `last` [batch]; [batch]."""
        cos, sin = self.angles(ids.shape[1])
        *inner, final = self.model.layers
        x = self.model.embed_tokens(ids).float()
        for layer in inner:
            x = layer(x, cos, sin)
        return self.score(self.model.norm(final(x, cos, sin, last))[:, 0].float())[:, 0]
