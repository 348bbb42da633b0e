"""Turns the model's residual stream so that it loses less when it is quantized. Its scores stay the same.

Quantization rounds 32 neighbouring values at a time in steps of their largest. The component that all embeddings have in
common (warm_start.py) is far larger than what tells tokens apart, and it runs through every value: all would be rounded
in its steps. RMSNorm without weights does not notice a rotation of its input. So the norms' weights move into the matrices
behind them, and a rotation gathers the common component in the first 32 values, with those directions in which embeddings
differ least.
"""

import torch
from model import RewardModel
from torch import Tensor
from warm_start import directions

BLOCK = 32  # values that are quantized together


def hadamard(size: int) -> Tensor:
    """An orthogonal matrix of elements of one size; `size` is a power of two."""
    matrix = torch.ones(1, 1, dtype=torch.float64)
    while len(matrix) < size:
        matrix = torch.cat((torch.cat((matrix, matrix), 1), torch.cat((matrix, -matrix), 1)))
    return matrix / size**0.5


def rotation(embeddings: Tensor, seed: int) -> Tensor:
    """[hidden, hidden], orthogonal: its rows are the new directions."""
    known = torch.stack(directions(embeddings.shape[1], seed)).double()
    known = torch.linalg.qr(known.T).Q.T
    own = embeddings.double() @ (torch.eye(embeddings.shape[1], dtype=torch.float64) - known.T @ known)
    # Sorted by how much embeddings differ along them; the first two, along which they do not, are the known ones.
    rest = torch.linalg.eigh(own.T @ own).eigenvectors.T[len(known) :]
    basis = torch.linalg.qr(torch.cat((known, rest)).T).Q.T
    return torch.cat((hadamard(BLOCK) @ basis[:BLOCK], basis[BLOCK:]))


@torch.no_grad()
def rotate(model: RewardModel, seed: int) -> None:
    """In place."""
    turn = rotation(model.model.embed_tokens.weight, seed)

    def reads(matrix: torch.nn.Linear, norm: Tensor) -> None:
        matrix.weight.copy_(matrix.weight.double() * norm.double() @ turn.T)

    def writes(matrix: torch.nn.Linear) -> None:
        matrix.weight.copy_(turn @ matrix.weight.double())

    embedding = model.model.embed_tokens.weight
    embedding.copy_(embedding.double() @ turn.T)
    for layer in model.model.layers:
        for matrix in (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj):
            reads(matrix, layer.input_layernorm.weight)
        for matrix in (layer.mlp.gate_proj, layer.mlp.up_proj):
            reads(matrix, layer.post_attention_layernorm.weight)
        writes(layer.self_attn.o_proj)
        writes(layer.mlp.down_proj)
        layer.input_layernorm.weight.fill_(1)
        layer.post_attention_layernorm.weight.fill_(1)
    reads(model.score[0], model.model.norm.weight)
    model.model.norm.weight.fill_(1)
