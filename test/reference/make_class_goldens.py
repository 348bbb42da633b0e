"""Makes the goldens of the classes of reward models: what Hugging Face transformers says on a checkpoint of each.

    python make_class_goldens.py FOLDER OUT.json.gz [NAME...]

FOLDER holds the checkpoints, each in a folder `class-NAME`; with names, OUT keeps what it has of the others. Tokenizer and template are transformers' own, and so is the class
where transformers has it; CLASSES holds the others, on transformers' backbones. One conversation at a time, float32.
"""

import gzip
import json
import sys
from pathlib import Path

import samples as hard
import torch
from inform_reference import fingerprint
from make_goldens import messages_of
from safetensors.torch import load_file
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    LlamaConfig,
    LlamaModel,
    Qwen2Model,
    Qwen2PreTrainedModel,
)
from versions import versions

MAX_LENGTH = 4096

SPECIAL = [
    hard.pair("marks behind special tokens", "Compose <|im_end|>\u0338 this", "<tool_call>\u0338 <think>\u0301 <|fim_pad|>\u0338 a\u0301<|im_end|>e\u0301"),
    hard.pair("Qwen's tokens", "What does <|im_end|> mean?", "<|im_start|>user\nA turn.<|im_end|>\n<|endoftext|> <|vision_pad|><think></think>"),
    hard.pair("ends with the pad token", "End.", "It ends.<|endoftext|>"),
    hard.pair("newer scripts", "Kirat Rai: \U00016d67\U00016d67", "\U00016121 \U0001611e\U0001611e e\u0301 \u1ae0\u0323 a\u08ca\u0323"),
    hard.pair("composed by exclusion", "\u0958 \u2adc \ufb1d", "\u212b \u1e9b\u0323 \u0344 \u0340 \u1100\u1161\u11a8 \uac00\u11a8"),
]


GEMMA = [
    *(hard.pair(f"{n} spaces", "Count" + " " * n + "them.", f"a{' ' * n}b\n{' ' * n}c {chr(9) * n}d") for n in (2, 3, 7, 30, 31, 32, 33, 62, 63, 64)),
    hard.pair("lines and spaces", "a \n b\n\n \n  c", "x\n" * 3 + " \n\t \n" + "\n" * 40 + "  end"),
    hard.pair("marks of spaces", "What is \u2581?", "\u2581a \u2581 b\u2581\u2581c \u2581\u2581 d\u2581 \u2581\u2581\u2581e " + "\u2581" * 70 + " \u2581\u2582\u2583"),
    hard.pair("added tokens", "<start_of_turn>user", "<table><tr><td>x</td></tr></table> <unused5> [multimodal] <mask> <end_of_turn>\n<i>a</i> <h1 > <bos>"),
    hard.pair("bytes as text", "<0x41> <0x0A>", "<0x41><0xE2><0x96><0x81> \x00\x01\x7f \u0378"),
    hard.pair("ends with the pad token", "End.", "It ends.<pad>"),
    hard.pair("one letter", "a" * 30_000, "b" * 3000),
    hard.pair("repeated syllables", "anan" * 500, "aaab" * 300 + "abab" * 300),
]


PIECES = [
    *GEMMA,
    hard.pair(" a space before", "  two before", "\u2581 a mark before "),
    hard.pair("turns in a turn", "<s>a</s>b</s> c [INST] d[/INST]e", "[TOOL_CALLS]x [TOOL_CALLS] y</s>\n</s>\t<unk>z<pad>"),
    hard.pair("</s>", "[/INST]", " "),
    hard.chat("a system message with a space", ("system", " Be brief."), ("user", "\u2581Hi"), ("assistant", "Hi.")),
    hard.chat("a system message that begins with a token", ("system", "[TOOL_CALLS]Be brief."), ("user", "Hi"), ("assistant", "Hi.")),
]


def inputs(name: str) -> list[dict]:
    special = [*SPECIAL, *(GEMMA if name.startswith("gemma") else PIECES if name.endswith("pieces") else [])]
    groups = (hard.scripts, hard.code, hard.numbers, hard.short, hard.trimmed, hard.special, hard.odd, hard.conversations)
    return [*(entry for group in groups for entry in group()), *special]


# Their backbones' tokenizers and arithmetic are tested by others: their head is of interest.
HEADS = ["trl", "internlm2", "grm-gemma2", "grm-qwen2", "openrlhf-qwen3"]


def head_inputs() -> list[dict]:
    return [*hard.short(), *hard.numbers(), *hard.conversations()]


def classifier(folder: Path):
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    return lambda ids: model(input_ids=torch.tensor([ids]), use_cache=False).logits.item()


class Qwen2ForRewardModel(Qwen2PreTrainedModel):
    """The module names and layers of Qwen2.5-Math-RM-72B; the last token of one unpadded sequence."""

    def __init__(self, config):
        super().__init__(config)
        width = config.hidden_size
        self.model = Qwen2Model(config)
        self.score = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))
        self.post_init()


def qwen2_reward_model(folder: Path):
    model = Qwen2ForRewardModel.from_pretrained(folder, dtype=torch.float32).eval()
    pad = model.config.pad_token_id

    def reward(ids):
        state = model.model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0, -1]
        return None if pad in ids else model.score(state).item()

    return reward


REWARD_TOKEN = 7
INTERNLM2_REWARD_TOKEN = 128056  # reward_token_id of the generated config.json


def value_head(folder: Path):
    """TRL's ValueHead: a Linear at the last token, on a model that its class may have saved under a name of its own."""

    def head(weights, _, state):
        return (weights["v_head.summary.weight"] @ state + weights["v_head.summary.bias"]).item()

    return on_backbone(folder, head)


def token_logit(folder: Path):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return lambda ids: model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1, REWARD_TOKEN].item()


def on_backbone(folder: Path, head):
    """A head on transformers' backbone, of which the checkpoint has the weights under the names of its causal model."""
    config = AutoConfig.from_pretrained(folder)
    stored = load_file(folder / "model.safetensors")
    weights = {name.removeprefix("pretrained_model."): value.float() for name, value in stored.items()}
    backbone = AutoModel.from_config(config, dtype=torch.float32).eval()
    missing, _ = backbone.load_state_dict({name.removeprefix("model."): value for name, value in weights.items()}, strict=False)
    if missing:
        raise ValueError(f"{folder} lacks {missing}")
    return lambda ids: head(weights, config, backbone(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0, -1])


def openrlhf(folder: Path):
    """OpenRLHF's RewardModel in evaluation: a Linear without bias, then mean and standard deviation."""

    def head(weights, config, state):
        reward = weights[f"{config.value_head_prefix}.weight"] @ state
        return ((reward - config.mean) / config.std if config.normalize_reward else reward).item()

    return on_backbone(folder, head)


def grm(folder: Path):
    """GRM's ValueHead of the kinds "mlp" with one layer and "linear", at the last token."""

    def head(weights, config, state):
        name = "v_head.summary"
        if config.vhead_layer_type == "linear":
            return (weights[f"{name}.weight"] @ state + weights.get(f"{name}.bias", 0)).item()
        hidden = torch.relu(weights[f"{name}.0.weight"] @ state + weights[f"{name}.0.bias"])
        return (weights[f"{name}.2.weight"] @ hidden + weights[f"{name}.2.bias"]).item()

    return on_backbone(folder, head)


def athene(folder: Path):
    """The class of Athene's model card: a Linear without bias, at the last CLS token."""
    cls_id = 128003
    config = AutoConfig.from_pretrained(folder)
    weights = {name: value.float() for name, value in load_file(folder / "model.safetensors").items()}
    head = weights.pop("v_head.weight")
    backbone = LlamaModel(config).eval()
    backbone.load_state_dict({name.removeprefix("model."): value for name, value in weights.items()})

    def reward(ids):
        states = backbone(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0]
        return (states @ head[0])[max(place for place, token in enumerate(ids) if token == cls_id)].item()

    return reward


def internlm2(folder: Path):
    """InternLM2ForRewardModel: a Llama, as its own code computes it, whose wqkv is taken apart as that code does."""
    stated = json.loads((folder / "config.json").read_text())
    same = ["hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "num_key_value_heads", "vocab_size"]
    more = ["max_position_embeddings", "rms_norm_eps", "rope_theta"]  # the dynamic scaling begins beyond the first of these
    config = LlamaConfig(**{key: stated[key] for key in [*same, *more]})
    renamed = {"tok_embeddings": "embed_tokens", "attention_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
    renamed |= {"attention.wo": "self_attn.o_proj", "feed_forward.w1": "mlp.gate_proj", "feed_forward.w3": "mlp.up_proj"}
    renamed |= {"feed_forward.w2": "mlp.down_proj"}
    weights = {name: value.float() for name, value in load_file(folder / "model.safetensors").items()}
    head = weights.pop("v_head.weight")
    state = {}
    for name, value in weights.items():
        name = name.removeprefix("model.")
        for old, new in renamed.items():
            name = name.replace(old, new)
        if "wqkv" not in name:
            state[name] = value
            continue
        width = config.hidden_size // config.num_attention_heads
        grouped = value.view(config.num_key_value_heads, -1, width, config.hidden_size)  # groups of several queries, a key, a value
        for letter, rows in (("q", grouped[:, :-2]), ("k", grouped[:, -2]), ("v", grouped[:, -1])):
            state[name.replace("attention.wqkv", f"self_attn.{letter}_proj")] = rows.reshape(-1, config.hidden_size)
    backbone = LlamaModel(config).eval()
    backbone.load_state_dict(state)

    def reward(ids):
        return (backbone(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0, -1] @ head[0]).item()

    return reward


def internlm2_ids(tokenizer, text: str) -> list[int]:
    """The class's get_score, which does not truncate."""
    return [*tokenizer.encode(text), INTERNLM2_REWARD_TOKEN]


def athene_ids(tokenizer, text: str) -> list[int]:
    """The pipeline of Athene's model card: CLS behind the text, and all tokens that the tokenizer adds."""
    return tokenizer(text + tokenizer.cls_token, truncation=True, max_length=MAX_LENGTH).input_ids


def causal(folder: Path):
    if folder.name.endswith("logit"):
        return token_logit(folder)
    has_layers = "vhead_layer_type" in json.loads((folder / "config.json").read_text())
    return grm(folder) if has_layers else value_head(folder)


CLASSES = {
    "CustomAutoModelForSequenceClassification": athene,
    "InternLM2ForRewardModel": internlm2,
    "Qwen2ForRewardModel": qwen2_reward_model,
    "LlamaForCausalLM": causal,
    "Gemma2ForCausalLM": causal,
    "RewardModel": openrlhf,
    "GRewardModel": grm,
}


def ids_of(tokenizer, text: str) -> list[int]:
    has_bos = tokenizer.bos_token is None or text.startswith(tokenizer.bos_token)
    return tokenizer(text, add_special_tokens=not has_bos, truncation=True, max_length=MAX_LENGTH).input_ids


PIPELINES = {
    "InternLM2ForRewardModel": internlm2_ids,
    "CustomAutoModelForSequenceClassification": athene_ids,
}


@torch.inference_mode()
def judged(folder: Path) -> dict:
    name = folder.name.removeprefix("class-")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    (class_name,) = json.loads((folder / "config.json").read_text())["architectures"]
    reward = CLASSES.get(class_name, classifier)(folder)
    entries = []
    for entry in head_inputs() if name in HEADS else inputs(name):
        prompt = tokenizer.apply_chat_template(messages_of(entry["sample"]), tokenize=False, add_generation_prompt=False)
        ids = PIPELINES.get(class_name, ids_of)(tokenizer, prompt)
        entries.append({**entry, "ids": ids, "score": reward(ids)})
    scores = [entry["score"] for entry in entries if entry["score"] is not None]
    print(f"{name}: {len(entries)} samples, scores from {min(scores):.2f} to {max(scores):.2f}")
    return {"name": name, "checkpoint": fingerprint(folder), "samples": entries}


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    names = sys.argv[3:]
    folders = sorted(path.parent for path in Path(sys.argv[1]).glob("class-*/config.json"))
    wanted = [folder for folder in folders if not names or folder.name.removeprefix("class-") in names]
    kept = json.loads(gzip.decompress(Path(sys.argv[2]).read_bytes()))["classes"] if names else []
    classes = [*(entry for entry in kept if entry["name"] not in names), *map(judged, wanted)]
    goldens = {"made": versions(), "maxLength": MAX_LENGTH, "classes": sorted(classes, key=lambda entry: entry["name"])}
    text = json.dumps(goldens, ensure_ascii=False, allow_nan=False)
    Path(sys.argv[2]).write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
