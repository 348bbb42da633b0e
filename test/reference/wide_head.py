"""Reference scores of a checkpoint that is too large to load at once.

    python wide_head.py CHECKPOINT OUT.json [IDS.json]

Runs transformers' own Llama layers one after another in float32: only one layer's weights, the embedding rows of the
tokens used, and the head are in memory at a time. At the width of INF-ORM-Llama3.1-70B that is 3.4 GB for a layer and
0.3 GB for the head. IDS.json holds a list of token id lists; without it, a few short seeded ones are used. OUT.json
gets {"made": …, "tokenSequences": [{"name", "ids", "score"}, …]}, like the goldens.
"""

import json
import random
import sys
from pathlib import Path

import torch
from inform_reference import load_config, tensor_files
from safetensors import safe_open
from torch import nn
from transformers.models.llama.modeling_llama import LlamaDecoderLayer, LlamaRMSNorm, LlamaRotaryEmbedding
from versions import versions

SEED = 20240726
LENGTHS = (1, 2, 17, 64)
TEXT_TOKENS = 128_000  # of Llama 3's vocabulary; the 256 special tokens come after them


class Checkpoint:
    def __init__(self, folder: Path):
        self.files = tensor_files(folder)
        self.unread = set(self.files)

    def part(self, prefix: str) -> dict[str, torch.Tensor]:
        """The tensors below the prefix in float32, by the rest of their names."""
        tensors = {}
        for name in sorted(self.unread):
            if name.startswith(prefix):
                with safe_open(self.files[name], framework="pt") as file:
                    tensors[name.removeprefix(prefix)] = file.get_tensor(name).float()
                self.unread.remove(name)
        return tensors

    def rows(self, name: str, wanted: list[int]) -> torch.Tensor:
        with safe_open(self.files[name], framework="pt") as file:
            table = file.get_slice(name)
            self.unread.discard(name)
            return torch.cat([table[row : row + 1] for row in wanted]).float()


def filled(build, weights: dict[str, torch.Tensor]) -> nn.Module:
    """The module around these very tensors: built without memory of its own, and every name must match."""
    with torch.device("meta"):
        module = build()
    module.load_state_dict(weights, strict=True, assign=True)
    return module.eval()


@torch.inference_mode()
def scores(folder: Path, sequences: list[list[int]]) -> list[float]:
    config = load_config(folder)
    checkpoint = Checkpoint(folder)
    used = sorted({token for ids in sequences for token in ids})
    place = {token: row for row, token in enumerate(used)}
    embedding = checkpoint.rows("model.embed_tokens.weight", used)
    states = [embedding[[place[token] for token in ids]][None] for ids in sequences]  # each [1, tokens, hidden]

    rotary = LlamaRotaryEmbedding(config)
    positions = [torch.arange(len(ids))[None] for ids in sequences]
    angles = [rotary(x, position) for x, position in zip(states, positions)]
    masks = [torch.full((1, 1, len(ids), len(ids)), torch.finfo(torch.float32).min).triu(1) for ids in sequences]

    for number in range(config.num_hidden_layers):
        layer = filled(lambda: LlamaDecoderLayer(config, number), checkpoint.part(f"model.layers.{number}."))
        states = [
            layer(x, attention_mask=mask, position_embeddings=angle)
            for x, mask, angle in zip(states, masks, angles)
        ]
        del layer

    norm = filled(lambda: LlamaRMSNorm(config.hidden_size, config.rms_norm_eps), checkpoint.part("model.norm."))
    size = config.hidden_size
    head = filled(lambda: nn.Sequential(nn.Linear(size, size), nn.ReLU(), nn.Linear(size, 1)), checkpoint.part("score."))
    if checkpoint.unread:
        raise ValueError(f"tensors that no part of the model uses: {sorted(checkpoint.unread)[:4]}")
    return [head(norm(x[0, -1])).item() for x in states]


def default_sequences() -> list[list[int]]:
    draw = random.Random(SEED)
    return [[draw.randrange(TEXT_TOKENS) for _ in range(length)] for length in LENGTHS]


def main() -> None:
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    sequences = json.loads(Path(sys.argv[3]).read_text()) if len(sys.argv) == 4 else default_sequences()
    found = [
        {"name": f"{len(ids)} tokens", "ids": ids, "score": score}
        for ids, score in zip(sequences, scores(folder, sequences))
    ]
    out.write_text(json.dumps({"made": versions(), "tokenSequences": found}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
