"""The reward model of a pretrained checkpoint's lower layers and a probe of their mean state: a layer that gathers, and INF-ORM's head.

The gathering layer has query weights of zero, so that its last token looks evenly at all tokens: a mean, in a Llama's own form. Two of its
values are not zero: the probe's direction, less what it says of the mean state of all answers, and a constant. They are laid
along the first two features of the residual stream, far above what the last token has there. So the last norm divides by a
size that hardly changes, and the head gives the first back: relu(s) - relu(-s).
"""

from pathlib import Path

import torch
from backbone import Geometry, RewardModel
from probe import Probe
from safetensors.torch import load_file

CONSTANT = 20.0  # of the second value, where the first has a deviation of some 1.3
GAIN = 400.0  # the gathered state has a norm of some 8000, where the last token's own has some 110
SCALE = 2.5  # of the probe's scores: there their Bradley-Terry loss is lowest


@torch.no_grad()
def lower_layers(pretrained: Path, layers: int) -> RewardModel:
    """`layers` of the checkpoint in the folder `pretrained`; the last layer adds nothing, and the head gives 0."""
    model = RewardModel(Geometry(layers=layers + 1))
    given = load_file(pretrained / "model.safetensors")
    for name, parameter in model.named_parameters():
        if name.startswith((f"model.layers.{layers}.", "score.", "model.norm.")):
            parameter.fill_(1.0 if "norm" in name else 0.0)
        else:
            parameter.copy_(given[name])
    return model


@torch.no_grad()
def with_probe(pretrained: Path, layers: int, probe: Probe) -> RewardModel:
    """The whole model. `probe` is of the states above `layers`."""
    model = lower_layers(pretrained, layers)
    geometry, attention = model.geometry, model.model.layers[-1].self_attn
    constant = probe.centre / probe.centre.square().sum()
    direction = probe.weights / probe.spread
    attention.v_proj.weight[0] = direction - (direction @ probe.centre) * constant
    attention.v_proj.weight[1] = CONSTANT * constant
    # The heads that share the first values bring the same: each a part of it.
    sharing = geometry.heads // geometry.kv_heads
    for head in range(sharing):
        for feature in range(2):
            attention.o_proj.weight[feature, head * geometry.head_dim + feature] = GAIN / sharing
    first, _, second = model.score
    first.weight[0, 0] = CONSTANT / geometry.hidden**0.5
    first.weight[1, 0] = -first.weight[0, 0]
    second.weight[0, 0], second.weight[0, 1] = SCALE, -SCALE
    return model
