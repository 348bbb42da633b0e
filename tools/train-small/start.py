"""The model that training starts from: the lower layers of a pretrained checkpoint, a layer that gathers, and a head.

The gathering layer looks evenly at all tokens, since its query weights are zero: a mean, in a Llama's own form.
"""

from pathlib import Path

import torch
from backbone import Geometry, RewardModel
from safetensors.torch import load_file

GAIN = 2.0  # of what is gathered: a mean over tokens is smaller than a single token's state


@torch.no_grad()
def new_model(pretrained: Path, layers: int, seed: int) -> RewardModel:
    """`layers` of the checkpoint in the folder `pretrained`, and the gathering one."""
    model = RewardModel(Geometry(layers=layers + 1))
    given = load_file(pretrained / "model.safetensors")
    generator = torch.Generator().manual_seed(seed)
    gathering = f"model.layers.{layers}."
    for name, parameter in model.named_parameters():
        if name.startswith((gathering, "score.", "model.norm.")):
            if parameter.dim() == 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / parameter.shape[1] ** 0.5)
            elif name.endswith("bias"):
                parameter.zero_()
        else:
            parameter.copy_(given[name])
    last = model.model.layers[-1]
    last.self_attn.q_proj.weight.zero_()
    last.mlp.down_proj.weight.zero_()
    last.input_layernorm.weight.fill_(GAIN)
    return model
