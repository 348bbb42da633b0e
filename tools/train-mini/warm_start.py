"""Where training starts: a transformer that is, exactly, a trained bag of embeddings.

On 37,000 answers a transformer spends most of a short training on finding out what single tokens say about an answer. A
bag of embeddings learns that in seconds, and a Llama can be one: if every embedding has a component in common, and the
first token (begin of text) one of its own, then in the last layer the last token can look at the first with a logit of
log(SINK) and at all others with 0. It sees the sum of their values over SINK + n: a sum of tokens, hardly a mean, which
also tells their number. Everything else starts at zero, but for a head of the first layer that looks at the previous
token, which rotary positions can express exactly.
"""

import math

import torch
from answers import Answers
from batches import epoch
from loss import scaled_bradley_terry
from model import RewardModel
from numpy.typing import NDArray
from split import Split
from torch import Tensor, nn
from torch.nn import functional as F
from vocabulary import RARE

EPOCHS = 2
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.3
DROPOUT = 0.3
RARE_TOKENS = 0.3
VALUE_SCALE = 20.0

SINK = 400  # tokens that the first one weighs as much as
COMMON = 1.0  # the common component's part of each element
FREQUENCY_WEIGHTS = (0.6, 0.25, 0.15)  # of the fastest rotations; slower ones hardly tell neighbours apart
SHARPNESS = 14.0  # attention's logit for the previous token; its neighbours are 4 below


def directions(hidden: int, seed: int) -> tuple[Tensor, Tensor]:
    """Two orthogonal unit vectors: the component common to all tokens, and the first token's own."""
    draw = torch.Generator().manual_seed(seed)
    common = (torch.randint(0, 2, (hidden,), generator=draw) * 2 - 1).float()
    first = torch.randn(hidden, generator=draw)
    first -= (first @ common) * common / hidden
    return common / hidden**0.5, first / first.norm()


class Bag(nn.Module):
    """What a RewardModel computes after `start_from`."""

    def __init__(self, rows: int, hidden: int, end: int, seed: int):
        super().__init__()
        common, first = directions(hidden, seed)
        self.register_buffer("common", common * COMMON * hidden**0.5)
        self.register_buffer("others", torch.eye(hidden) - torch.outer(common, common) - torch.outer(first, first))
        self.end = end  # the row of the last token
        self.own = nn.Parameter(torch.randn(rows, hidden) * 0.02)
        self.score = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def table(self) -> Tensor:
        """The embedding of every row, [rows, hidden]."""
        return self.own @ self.others + self.common

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Rewards of sequences, whose ids [tokens] stand one after another without the first token of each."""
        table = self.table()
        values = F.rms_norm(table, table.shape[1:], eps=1e-5) @ self.others
        values = F.dropout(values, DROPOUT, self.training)
        sums = F.embedding_bag(ids, values, torch.cumsum(lengths, 0) - lengths, mode="sum")
        seen = table[self.end] + VALUE_SCALE * sums / (SINK + lengths)[:, None]
        return self.score(F.rms_norm(seen, seen.shape[1:], eps=1e-5))[:, 0]


def trained_bag(
    answers: Answers, split: Split, sequences: list[NDArray], rows: int, hidden: int, per_step: int, seed: int
) -> Bag:
    """After EPOCHS over the training answers. `sequences` are all answers' rows."""
    torch.manual_seed(seed)
    bag = Bag(rows, hidden, int(sequences[0][-1]), seed)
    tensors = [torch.from_numpy(sequence[1:]) for sequence in sequences]
    optimizer = torch.optim.AdamW(bag.parameters(), LEARNING_RATE, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY)
    every = [indices for number in range(EPOCHS) for indices in epoch(answers, split.trained, per_step, seed, number)]
    for step, indices in enumerate(every):
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / len(every))
        flat = indices.flatten()
        ids = torch.cat([tensors[index] for index in flat])
        ids = ids.masked_fill(torch.rand(ids.shape) < RARE_TOKENS, RARE)
        rewards = bag(ids, torch.tensor([len(tensors[index]) for index in flat]))
        win_rates = torch.from_numpy(answers.win_rate[indices]).float()
        optimizer.zero_grad()
        scaled_bradley_terry(rewards.view(indices.shape), win_rates).backward()
        optimizer.step()
    return bag.eval()


@torch.no_grad()
def start_from(model: RewardModel, bag: Bag, first_row: int, seed: int) -> None:
    """Makes a fresh model compute what the bag does. `first_row`: the embedding of the token that begins all sequences."""
    geometry = model.geometry
    common, first = directions(geometry.hidden, seed)
    along = COMMON * geometry.hidden**0.5
    model.model.embed_tokens.weight.copy_(bag.table())
    model.model.embed_tokens.weight[first_row] = along * (common + first)
    model.score.load_state_dict(bag.score.state_dict())
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
    previous_token_head(model, common, along)

    attention, size = model.model.layers[-1].self_attn, geometry.head_dim
    # The slowest rotation: a few hundred positions turn it by nothing. The first token's norm halves its square.
    strength = (math.log(SINK) * size**0.5 / (geometry.hidden / 2**0.5)) ** 0.5
    attention.q_proj.weight.zero_()
    attention.k_proj.weight.zero_()
    attention.q_proj.weight[size // 2 - 1 :: size] = strength * common
    attention.k_proj.weight[size // 2 - 1 :: size] = strength * first
    attention.v_proj.weight.copy_(bag.others)
    attention.o_proj.weight.copy_(VALUE_SCALE * torch.eye(geometry.hidden))


def previous_token_head(model: RewardModel, common: Tensor, along: float) -> None:
    attention, size = model.model.layers[0].self_attn, model.geometry.head_dim
    amplitude = (torch.tensor(FREQUENCY_WEIGHTS) * SHARPNESS * size**0.5).sqrt() / along
    turn = model.frequencies[: len(amplitude)].cpu()
    query, key = torch.zeros(size), torch.zeros(size)
    query[: len(amplitude)] = amplitude
    # A key turned by one position's angle meets the query of the position after it.
    key[: len(amplitude)] = amplitude * turn.cos()
    key[size // 2 : size // 2 + len(amplitude)] = amplitude * turn.sin()
    attention.q_proj.weight[:size] = query[:, None] * common
    attention.k_proj.weight[:size] = key[:, None] * common
