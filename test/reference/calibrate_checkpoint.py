"""Measures the scores of the generated checkpoint with Hugging Face transformers, in F32 and with 16-bit rounding.

    python calibrate_checkpoint.py <checkpoint folder> <samples.jsonl> [number of samples]

The constants SCORE_SCALE, SCORE_OFFSET and TEST_SEED of tools/random-checkpoint/weights.ts were found with it: a scale of 2 / std and
an offset of -mean bring the scores to a deviation of 2 around 0. Besides mean and deviation it prints how far the
scores move when every matrix product rounds its input to BF16 or F16 (as llama.cpp's CPU kernels do for matrices of
those types), or when keys and values do (as its KV cache does), and when one kind of tensor at a time is spoiled: a
tensor whose damage goes unnoticed would test nothing.
"""

import json
import sys

import torch
from safetensors import safe_open
from transformers import AutoTokenizer, LlamaModel


def load(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    backbone = LlamaModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    weight_map = json.load(open(f"{folder}/model.safetensors.index.json"))["weight_map"]
    head = []
    for name in ("score.0.weight", "score.0.bias", "score.2.weight", "score.2.bias"):
        with safe_open(f"{folder}/{weight_map[name]}", "pt") as shard:
            head.append(shard.get_tensor(name).float())
    return tokenizer, backbone, head


def token_ids(tokenizer, sample):
    messages = [
        {"role": "user", "content": sample["instruction"]},
        {"role": "assistant", "content": sample["output"]},
    ]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=False)
    return tokenizer(text, add_special_tokens=False)["input_ids"]


@torch.no_grad()
def scores(backbone, head, sequences, linear_input=None, key_value=None):
    hooks = []
    for name, module in backbone.named_modules():
        if linear_input is not None and isinstance(module, torch.nn.Linear):
            hooks.append(module.register_forward_pre_hook(lambda _, args: (args[0].to(linear_input).float(),)))
        if key_value is not None and name.endswith(("k_proj", "v_proj")):
            hooks.append(module.register_forward_hook(lambda _, args, out: out.to(key_value).float()))
    hidden_weight, hidden_bias, output_weight, output_bias = head
    result = []
    for ids in sequences:
        hidden = backbone(input_ids=torch.tensor([ids])).last_hidden_state[0, -1]
        if linear_input is not None:
            hidden = hidden.to(linear_input).float()
        result.append(output_weight @ torch.relu(hidden_weight @ hidden + hidden_bias) + output_bias)
    for hook in hooks:
        hook.remove()
    return torch.cat(result)


def spoiled(backbone, head, sequences, kind):
    """Scores with the rows of one kind of matrix moved by one, or one kind of norm weight set to ones."""
    saved = {}
    for name, parameter in backbone.named_parameters():
        if kind in name:
            saved[name] = parameter.data
            parameter.data = torch.ones_like(parameter) if "norm" in name else parameter.data.roll(1, 0)
    result = scores(backbone, head, sequences)
    for name, parameter in backbone.named_parameters():
        if name in saved:
            parameter.data = saved[name]
    return result


def main():
    folder, data = sys.argv[1], sys.argv[2]
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else None
    samples = [json.loads(line) for line in open(data, encoding="utf-8")][:limit]
    tokenizer, backbone, head = load(folder)
    sequences = [token_ids(tokenizer, sample) for sample in samples]
    reference = scores(backbone, head, sequences)
    print(
        f"{len(samples)} samples: mean {reference.mean():.4f}, std {reference.std():.4f}, "
        f"min {reference.min():.3f}, max {reference.max():.3f}, distinct {reference.unique().numel()}"
    )
    few = sequences[:100]
    for label, options in {
        "matrix inputs BF16": {"linear_input": torch.bfloat16},
        "matrix inputs F16": {"linear_input": torch.float16},
        "keys and values BF16": {"key_value": torch.bfloat16},
        "keys and values F16": {"key_value": torch.float16},
    }.items():
        moved = (scores(backbone, head, few, **options) - reference[: len(few)]).abs()
        print(f"{label}: mean {moved.mean():.5f}, max {moved.max():.5f}")
    if "--quick" in sys.argv:
        return
    few = sequences[:40]
    for kind in ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "input_layernorm",
                 "post_attention_layernorm", "embed_tokens"):
        moved = (spoiled(backbone, head, few, kind) - reference[: len(few)]).abs()
        print(f"spoiled {kind}: mean {moved.mean():.4f}, min {moved.min():.5f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
