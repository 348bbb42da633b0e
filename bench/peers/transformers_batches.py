"""One trial of the Python reference: python transformers_batches.py GEOMETRY DATASET THREADS DTYPE [DEVICE]

The loop of the reference scorer: batches of 32 samples in input order, each padded to its longest sample, through the
reward model's class in PyTorch. The weights are random: speed does not depend on them.
DEVICE is cpu (default) or cuda; attention is PyTorch's scaled_dot_product_attention.
"""

import json
import sys
import time

import torch
from transformers import LlamaConfig, LlamaModel
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

BATCH_SIZE = 32
VOCABULARY_SIZE = 128256
PAD = 0


class RewardModel(torch.nn.Module):
    def __init__(self, config: LlamaConfig):
        super().__init__()
        self.model = LlamaModel(config)
        self.score = torch.nn.Sequential(
            torch.nn.Linear(config.hidden_size, config.hidden_size),
            torch.nn.ReLU(),
            torch.nn.Linear(config.hidden_size, 1),
        )

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = self.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
        last = mask.sum(dim=1) - 1
        return self.score(hidden[torch.arange(len(ids)), last]).squeeze(1)


def build(geometry: dict, dtype: torch.dtype, device: str) -> RewardModel:
    config = LlamaConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=geometry["hiddenSize"],
        intermediate_size=geometry["feedForwardSize"],
        num_hidden_layers=geometry["layerCount"],
        num_attention_heads=geometry["headCount"],
        num_key_value_heads=geometry["kvHeadCount"],
        max_position_embeddings=131072,
        attn_implementation="sdpa",
    )
    # Made without storage and filled by hand: the library's own initialization takes longer than the trial.
    with torch.device("meta"):
        model = RewardModel(config)
    model = model.to(dtype).to_empty(device=device)
    model.model.rotary_emb = LlamaRotaryEmbedding(config).to(device)
    for parameter in model.parameters():
        parameter.data.uniform_(-0.02, 0.02)
    return model.eval()


def padded(batch: list[list[int]], device: str) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(ids) for ids in batch)
    ids = torch.tensor([ids + [PAD] * (width - len(ids)) for ids in batch], device=device)
    mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in batch], device=device)
    return ids, mask


@torch.inference_mode()
def main() -> None:
    geometry, dataset, threads, dtype, device = [*sys.argv[1:], "cpu"][:5]
    torch.set_num_threads(int(threads))
    with open(dataset, encoding="utf-8") as file:
        tokens = json.load(file)["tokens"]
    model = build(json.loads(geometry), getattr(torch, dtype), device)
    model(*padded([tokens[0][:32]], device))

    computed = 0
    start = time.perf_counter()
    for first in range(0, len(tokens), BATCH_SIZE):
        ids, mask = padded(tokens[first : first + BATCH_SIZE], device)
        computed += ids.numel()
        scores = model(ids, mask).tolist()
        assert len(scores) == len(ids)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "tokens": sum(map(len, tokens)), "computedTokens": computed}))


main()
