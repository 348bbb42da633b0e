"""The model of a checkpoint that train.py wrote."""

from pathlib import Path

import torch
from backbone import RewardModel
from start import new_model
from torch import Tensor


@torch.no_grad()
def restored(found: dict[str, Tensor], pretrained: Path) -> tuple[RewardModel, dict[str, Tensor]]:
    """The model with activations as in training, and its exact weights. `found` lacks the embedding, which is `pretrained`'s."""
    layers = 1 + max(int(name.split(".")[2]) for name in found if name.startswith("model.layers."))
    model = new_model(pretrained, layers - 1, 0)
    for name, parameter in model.named_parameters():
        if name in found:
            parameter.copy_(found[name])
    exact = {name: found.get(name, parameter.detach()).float().contiguous() for name, parameter in model.named_parameters()}
    return model, exact
