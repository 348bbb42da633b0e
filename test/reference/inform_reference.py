"""The published reward model, INFORMForSequenceClassification, on top of Hugging Face transformers.

A LlamaModel without a language-model head, and instead of one

    score = Linear(hidden, hidden), ReLU, Linear(hidden, 1)

The reward of a conversation is that head's output, a raw logit, at the last token of the sequence. Sequences are given
one at a time and never padded, so "the last token" needs no pad id to be found.

Checkpoints of transformers' own LlamaForSequenceClassification (score = Linear(hidden, 1)) are judged by that class.
"""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn
from transformers import LlamaConfig, LlamaForSequenceClassification, LlamaModel


class InformReference(nn.Module):
    """The module names are those of the published checkpoint's tensors (`model.…`, `score.0.…`, `score.2.…`)."""

    def __init__(self, config: LlamaConfig):
        super().__init__()
        self.model = LlamaModel(config)
        self.score = nn.Sequential(
            nn.Linear(config.hidden_size, config.hidden_size),
            nn.ReLU(),
            nn.Linear(config.hidden_size, 1),
        )

    @torch.inference_mode()
    def reward(self, ids: list[int]) -> float:
        """The reward of one sequence of token ids (any length from 1 on)."""
        hidden = self.model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state  # [1, tokens, hidden]
        return self.score(hidden[0, -1]).item()


class ClassifierReference(LlamaForSequenceClassification):
    """transformers' class as it is; with a bias for the checkpoints that have one."""

    def __init__(self, config: LlamaConfig, head_bias: bool):
        super().__init__(config)
        if head_bias:
            self.score = nn.Linear(config.hidden_size, 1, bias=True)

    @torch.inference_mode()
    def reward(self, ids: list[int]) -> float:
        # The class scores the last token that is not the pad token; that is the last one only without pad tokens.
        if self.config.pad_token_id in ids:
            raise ValueError(f"the pad token {self.config.pad_token_id} occurs in the sequence")
        return self(input_ids=torch.tensor([ids]), use_cache=False).logits.item()


def load_config(checkpoint: Path) -> LlamaConfig:
    """The checkpoint's config with eager attention, after a check that its rope scaling is understood as written."""
    config = LlamaConfig.from_pretrained(checkpoint, attn_implementation="eager")
    written = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    scaling = written.get("rope_parameters") or written.get("rope_scaling") or {}
    # transformers 5 renamed this part of the config; a silently dropped scaling would still give plausible scores.
    for key, value in scaling.items():
        taken = config.rope_parameters["rope_type" if key == "type" else key]
        if taken != value:
            raise ValueError(f"config.json has {key} = {value}, transformers took {taken}")
    theta = scaling.get("rope_theta", written.get("rope_theta"))
    if theta is not None and config.rope_parameters["rope_theta"] != theta:
        raise ValueError(f"config.json has rope_theta = {theta}, transformers took {config.rope_parameters}")
    return config


def tensor_files(checkpoint: Path) -> dict[str, Path]:
    """Every tensor's file, from the index or the single file. Each file must hold what the index says, and only that."""
    index = checkpoint / "model.safetensors.index.json"
    if not index.exists():
        only = checkpoint / "model.safetensors"
        with safe_open(only, framework="pt") as file:
            return {name: only for name in file.keys()}
    named = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
    found = {}
    for shard in sorted(set(named.values())):
        with safe_open(checkpoint / shard, framework="pt") as file:
            found.update({name: shard for name in file.keys()})
    if found != named:
        raise ValueError(f"the index and the shards disagree: {sorted(found.items() ^ named.items())[:4]}")
    return {name: checkpoint / shard for name, shard in found.items()}


def load_reference(checkpoint: Path, dtype: torch.dtype = torch.float32) -> InformReference | ClassifierReference:
    """Strict: a tensor that is missing, left over, or of another shape is an error."""
    state = {}
    for name, path in tensor_files(checkpoint).items():
        with safe_open(path, framework="pt") as file:
            state[name] = file.get_tensor(name)
    config = load_config(checkpoint)
    config.dtype = torch.float32  # what config.json says would round the weights while they are copied
    if config.architectures == ["LlamaForSequenceClassification"]:
        model = ClassifierReference(config, "score.bias" in state)
    else:
        model = InformReference(config)
    model.load_state_dict(state, strict=True)
    # The parameters only: Module.to would also round the rotary frequencies, which the published code keeps in float32.
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    return model.eval()


def fingerprint(checkpoint: Path) -> str:
    """SHA-256 of config.json and the weight files one after another, as test/support/models/models.ts computes it."""
    digest = hashlib.sha256((checkpoint / "config.json").read_bytes())
    for path in sorted(checkpoint.glob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
