"""The reward model as it is trained: INF-ORM's architecture, computed no further than the reward needs.

The parameters bear the names of the published checkpoint's tensors, so a state dict of this class is the checkpoint,
but for the embedding, which has a row for each token of the training vocabulary only (vocabulary.py). transformers
computes the same scores from them: export.py compares.

Shapes: sequences are padded on the right, which causal attention never sees; the last layer is computed at each
sequence's last token alone, since nothing else reaches the head. Activations are in `dtype`, the residual stream and
the head in float32.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

EMBEDDING_SPREAD = 0.02
MATRIX_SPREAD = 0.05

Drop = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Geometry:
    rows: int  # of the embedding
    hidden: int = 96
    feed_forward: int = 256
    layers: int = 3
    heads: int = 3
    kv_heads: int = 3

    @property
    def head_dim(self) -> int:
        return self.hidden // self.heads


class Dropout:
    """
    Inverted dropout of whole features, the same for all tokens of a sequence, which costs next to nothing. The generator
    is its own, so that workers side by side stay reproducible.
    """

    def __init__(self, probability: float, generator: torch.Generator):
        self.keep = 1 - probability
        self.generator = generator

    def __call__(self, x: Tensor) -> Tensor:
        shape = (len(x), 1, x.shape[-1])
        kept = torch.rand(shape, generator=self.generator, device=x.device) < self.keep
        return x * (kept / self.keep).to(x.dtype)


def llama_config(geometry: Geometry, vocabulary: int) -> LlamaConfig:
    """Llama 3.1's config but for the sizes."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=geometry.hidden,
        intermediate_size=geometry.feed_forward,
        num_hidden_layers=geometry.layers,
        num_attention_heads=geometry.heads,
        num_key_value_heads=geometry.kv_heads,
        head_dim=geometry.head_dim,
        rms_norm_eps=1e-5,
        max_position_embeddings=131072,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 500000.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        use_cache=False,
    )


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    return F.linear(x, layer.weight.to(x.dtype))


class Norm(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.weight.shape, self.weight, 1e-5)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [batch, heads, tokens, head_dim] turned by angles [..., tokens, head_dim / 2], halves paired as in Llama."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Attention(nn.Module):
    def __init__(self, geometry: Geometry):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = geometry.heads, geometry.kv_heads, geometry.head_dim
        kv = self.kv_heads * self.head_dim
        self.q_proj = nn.Linear(geometry.hidden, geometry.hidden, bias=False)
        self.k_proj = nn.Linear(geometry.hidden, kv, bias=False)
        self.v_proj = nn.Linear(geometry.hidden, kv, bias=False)
        self.o_proj = nn.Linear(geometry.hidden, geometry.hidden, bias=False)

    def split(self, x: Tensor, heads: int) -> Tensor:
        return x.unflatten(-1, (heads, self.head_dim)).transpose(1, 2)

    def forward(self, x: Tensor, angles: Tensor, last: Tensor | None = None) -> Tensor:
        """x [batch, tokens, hidden]; with `last` [batch], only those positions look: [batch, 1, hidden]."""
        asking, asking_angles, mask = x, angles, None
        if last is not None:
            asking = at(x, last)
            asking_angles = angles[last][:, None, None]
            mask = (torch.arange(x.shape[1], device=x.device) <= last[:, None])[:, None, None]
        turn = lambda of: (of.cos().to(x.dtype), of.sin().to(x.dtype))  # noqa: E731
        q = rotate(self.split(linear(self.q_proj, asking), self.heads), *turn(asking_angles))
        k = rotate(self.split(linear(self.k_proj, x), self.kv_heads), *turn(angles))
        v = self.split(linear(self.v_proj, x), self.kv_heads)
        share = self.heads // self.kv_heads
        k, v = k.repeat_interleave(share, 1), v.repeat_interleave(share, 1)
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        return linear(self.o_proj, seen.transpose(1, 2).flatten(2))


def at(x: Tensor, position: Tensor) -> Tensor:
    """One position of each sequence, [batch, 1, hidden]."""
    return x[torch.arange(len(x), device=x.device), position][:, None]


class FeedForward(nn.Module):
    def __init__(self, geometry: Geometry):
        super().__init__()
        self.gate_proj = nn.Linear(geometry.hidden, geometry.feed_forward, bias=False)
        self.up_proj = nn.Linear(geometry.hidden, geometry.feed_forward, bias=False)
        self.down_proj = nn.Linear(geometry.feed_forward, geometry.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return linear(self.down_proj, F.silu(linear(self.gate_proj, x)) * linear(self.up_proj, x))


class Layer(nn.Module):
    def __init__(self, geometry: Geometry):
        super().__init__()
        self.input_layernorm = Norm(geometry.hidden)
        self.self_attn = Attention(geometry)
        self.post_attention_layernorm = Norm(geometry.hidden)
        self.mlp = FeedForward(geometry)

    def forward(self, x: Tensor, angles: Tensor, dtype: torch.dtype, drop: Drop, last: Tensor | None = None) -> Tensor:
        seen = self.self_attn(self.input_layernorm(x).to(dtype), angles, last)
        x = (x if last is None else at(x, last)) + drop(seen)
        return x + drop(self.mlp(self.post_attention_layernorm(x).to(dtype)))


class Backbone(nn.Module):
    def __init__(self, geometry: Geometry):
        super().__init__()
        self.embed_tokens = nn.Embedding(geometry.rows, geometry.hidden)
        self.layers = nn.ModuleList(Layer(geometry) for _ in range(geometry.layers))
        self.norm = Norm(geometry.hidden)


class RewardModel(nn.Module):
    def __init__(self, geometry: Geometry, seed: int):
        super().__init__()
        self.geometry = geometry
        self.model = Backbone(geometry)
        self.score = nn.Sequential(
            nn.Linear(geometry.hidden, geometry.hidden), nn.ReLU(), nn.Linear(geometry.hidden, 1)
        )
        config = llama_config(geometry, geometry.rows)
        frequencies, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
        self.register_buffer("frequencies", frequencies, persistent=False)  # [head_dim / 2]
        self.initialise(torch.Generator().manual_seed(seed))

    def initialise(self, generator: torch.Generator) -> None:
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.endswith("bias"):
                    parameter.zero_()
                elif parameter.dim() == 2:
                    spread = EMBEDDING_SPREAD if "embed" in name else MATRIX_SPREAD
                    parameter.normal_(0, spread, generator=generator)

    def summary(self, embedded: Tensor, last: Tensor, dtype: torch.dtype, dropout: Dropout | None = None) -> Tensor:
        """What the head reads, [batch, hidden], of embedded tokens [batch, tokens, hidden] that end at `last`."""
        drop = dropout or (lambda x: x)
        x = embedded  # never dropped: what all embeddings have in common must stay (warm_start.py)
        positions = torch.arange(x.shape[1], device=x.device, dtype=torch.float32)
        angles = positions[:, None] * self.frequencies
        *inner, final = self.model.layers
        for layer in inner:
            x = layer(x, angles, dtype, drop)
        x = final(x, angles, dtype, drop, last)
        return self.model.norm(x)[:, 0]

    def rewards(self, summaries: Tensor) -> Tensor:
        """[batch]"""
        return self.score(summaries)[:, 0]
