"""Random checkpoints, templates and samples, scored by Hugging Face transformers and by us.

    npm run parity -- [--seed N] [--minutes M] [--templates FOLDER]

A checkpoint is a specification of independent choices (geometry, rope, pad, BOS, added tokens, how it was saved, the template, …)
made from the seed, with a few samples of every shape and script. Both sides get the same folder. transformers is right: AutoTokenizer,
the class that config.json names, float32, one conversation at a time. A sample may be refused here, by a code; it may not get another
score than transformers', nor one where transformers has none. A difference is made smaller, one choice at a time, and printed as a
line of JSON. Exit code 1 where there was one.

FOLDER holds further templates (`*.jinja`), such as llama.cpp's models/templates.
"""

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import torch
from inform_reference import InformReference
from safetensors.torch import load_file, save_file
from template_environment import render
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, LlamaConfig
from transformers.utils import logging

BOUND = 1e-4
SERVER = Path(__file__).with_name("score_checkpoints.mjs")

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")

SPECIALS = ["<|bos|>", "<|eos|>", "<|eot|>", "<|header|>", "<|pad|>", "<|im_start|>", "<|im_end|>"]

CHATML = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
TEMPLATES = {
    "llama": "{{ bos_token }}{% for m in messages %}<|header|>{{ m.role }}\n\n{{ m.content | trim }}<|eot|>{% endfor %}",
    "chatml": CHATML,
    "chatml with default": "{% if messages[0].role != 'system' %}<|im_start|>system\nHelp.<|im_end|>\n{% endif %}" + CHATML,
    "all tokens": "{{ pad_token }}{{ unk_token is defined }}{{ image_token }}{{ boi }}{{ mask_token }}{{ eos_token }}" + CHATML,
    "no newline": "{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}{{ eos_token }}",
    "strip": "{{bos_token}}{% for m in messages %}{{ m.content.strip('\\n ') }}{{ '' if loop.last else '\\n\\n' }}{% endfor %}",
    "strict": "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ bos_token }}" + CHATML,
    "loop": "{%- for m in messages %}\n  {%- if m.role == 'user' %}\n[INST] {{ m.content }} [/INST]\n  {%- else %}\n{{ m.content ~ eos_token }}\n  {%- endif %}\n{%- endfor %}\n",
}

# The choices, the first of each being the plain one. A value that is a list of names stands for itself.
CHOICES = {
    "class": ["LlamaForSequenceClassification", "LlamaForSequenceClassification", "INFORM", "value head"],
    "layers": [1, 1, 2, 3],
    "heads": [[4, 2, 16], [4, 4, 8], [2, 1, 32], [6, 2, 12], [3, 1, 24]],
    # transformers 5 wants a multiple of the heads, with heads of any size.
    "hidden": [96, 48, 144],
    "ffn": [96, 80, 160],
    "tied": [False, True],
    "eps": [1e-5, 1e-6, 1e-3],
    "rope": ["none", "linear", "llama3", "linear in parameters", "llama3 in parameters", "both", "theta twice", "yarn", "dynamic", "null"],
    "theta": [10000.0, 500000.0, 1000000],
    "dtype": ["float32", "bfloat16", "float16"],
    "dtype key": ["torch_dtype", "dtype", "none"],
    "head_dim key": [True, False],
    "saved": ["by hand", "by hand", "transformers 5"],
    "rows": [0, 64, 1, -1],
    "pad": ["none", "own", "eot", "eos", "word", "beyond", "negative", "tokenizer only"],
    "bos": ["token", "null", "absent", "object", "empty"],
    "eos": ["token", "list", "absent"],
    "post": ["none", "bos", "byte level", "sequence", "bos and eos"],
    "split": ["llama3", "smollm", "gpt2", "qwen2", "qwen2 nfc", "llama3 and digits", "removed", "prefix space", "llama3 merging"],
    "added": ["none", "plain", "not special", "lstrip", "rstrip", "single_word", "normalized", "decoder only", "overlap", "space"],
    "extra": ["none", "list", "dict", "named", "additional"],
    "tokenizer class": ["PreTrainedTokenizerFast", "none", "TokenizersBackend", "LlamaTokenizerFast", "GPT2TokenizerFast", "Qwen2TokenizerFast"],
    "truncation": ["none", "left", "right", "block"],
    "padding block": [False, True],
    "add_bos_token": ["none", True, False],
    "template place": ["config", "file", "list"],
    "max_length": [512, 512, 24, 9, 3, 1],
    "labels": ["none", "id2label", "num_labels"],
    "bias": ["none", "none", "none", "attention", "mlp"],
    "vocabulary": [600, 1500],
}  # fmt: skip

WORDS = ["walk", "July", "don't", "I'LL", "  ", "\n", "\n\n", "\t", "1234567", "³", "٣٤٥", "日本語", "русский", "עברית", "👩‍🚀", "cafe\u0301", "é",
         "x = [1, 2];", "\r\n", "\u00a0", "\u2028", "ﬁ", "Ａ", "…", "<|eot|>", "<|pad|>", "<mask>", " <mask> ", "<|bos|>", "<|im_end|>", "!", "the", "<x>y", "{{ x }}", "{% raw %}", "\\n", "\u0001", "a", "İ", "ß", "<|"]  # fmt: skip


def text_of(chance: random.Random) -> str:
    parts = chance.choices(WORDS, k=chance.choice([0, 1, 2, 5, 5, 12, 40]))
    return chance.choice(["", " "]).join(parts)


def sample_of(chance: random.Random) -> dict:
    """As a user writes it; `messages_of` says what conversation it is."""
    kind = chance.random()
    if kind < 0.4:
        return {"instruction": text_of(chance), "input": chance.choice(["", text_of(chance)]), "output": text_of(chance)}
    if kind < 0.5:
        return {
            "instruction": text_of(chance),
            "output": text_of(chance),
            "system": text_of(chance) or "s",
            "history": [[text_of(chance), text_of(chance)]],
        }
    turns = [{"role": role, "content": text_of(chance)} for _ in range(chance.choice([1, 1, 2, 3])) for role in ("user", "assistant")]
    system = [{"role": "system", "content": text_of(chance)}] if chance.random() < 0.4 else []
    return {"messages": system + turns}


def messages_of(sample: dict) -> list[dict]:
    if "messages" in sample:
        return sample["messages"]
    asked = sample["instruction"] + ("\n" + sample["input"] if sample.get("input") else "")
    turns = [(question, answer) for question, answer in sample.get("history", [])] + [(asked, sample["output"])]
    system = [{"role": "system", "content": sample["system"]}] if sample.get("system") else []
    return system + [message for user, reply in turns for message in ({"role": "user", "content": user}, {"role": "assistant", "content": reply})]


def random_spec(chance: random.Random, templates: dict[str, str]) -> dict:
    # Most choices stay plain, so that a checkpoint is seldom refused for several things at once.
    spec = {key: chance.choice(values) if chance.random() < 0.3 else values[0] for key, values in CHOICES.items()}
    plain = chance.random() < 0.7
    spec["template"] = chance.choice(sorted(TEMPLATES if plain else templates))
    spec["seed"] = chance.randrange(2**32)
    return spec


class Vocabulary:
    """The bytes and the first merges of Llama 3's tokenizer."""

    def __init__(self, folder: Path) -> None:
        model = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]
        by_id = sorted(model["vocab"], key=model["vocab"].get)
        self.bytes = by_id[:256]
        self.merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"][:4000]]

    def of_size(self, size: int) -> tuple[dict[str, int], list[list[str]]]:
        vocab = {text: id for id, text in enumerate(self.bytes)}
        merges = []
        for left, right in self.merges:
            if len(vocab) == size:
                break
            if left in vocab and right in vocab and left + right not in vocab:
                vocab[left + right] = len(vocab)
                merges.append([left, right])
        return vocab, merges


def added_token(id: int, content: str, **flags) -> dict:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": id, "content": content, **plain, **flags}


def write_tokenizer(spec: dict, vocabulary: Vocabulary, template: str, folder: Path) -> dict[str, int]:
    vocab, merges = vocabulary.of_size(spec["vocabulary"])
    texts = list(SPECIALS)
    flags = {}
    kind = spec["added"]
    if kind in ("lstrip", "rstrip", "single_word"):
        flags = {kind: True}
    elif kind == "normalized":
        flags = {"normalized": True, "special": False}
    elif kind == "not special":
        flags = {"special": False}
    tokens = [added_token(len(vocab) + i, text) for i, text in enumerate(texts)]
    if kind not in ("none", "decoder only"):
        text = {"overlap": "|>x<|", "space": " <m> "}.get(kind, "<mask>")
        tokens.append(added_token(len(vocab) + len(tokens), text, **flags))
    ids = {token["content"]: token["id"] for token in tokens}

    byte_level = {"type": "ByteLevel", "add_prefix_space": spec["split"] == "prefix space", "trim_offsets": True, "use_regex": False}
    regex = lambda pattern, behavior="Isolated": {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": False}  # noqa: E731
    with_regex = {**byte_level, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    steps = {
        "smollm": [digits, with_regex],
        "gpt2": [with_regex],
        "qwen2": [regex(QWEN2), byte_level],
        "qwen2 nfc": [regex(QWEN2), byte_level],
        "llama3 and digits": [digits, regex(LLAMA3), byte_level],
        "removed": [regex(LLAMA3, "Removed"), byte_level],
    }.get(spec["split"], [regex(LLAMA3), byte_level])
    bos = {"SpecialToken": {"id": "<|bos|>", "type_id": 0}}
    eos = {"SpecialToken": {"id": "<|eos|>", "type_id": 0}}
    sequence = {"Sequence": {"id": "A", "type_id": 0}}
    single = [bos, sequence, *([eos] if spec["post"] == "bos and eos" else [])]
    special = {text: {"id": text, "ids": [ids[text]], "tokens": [text]} for text in ("<|bos|>", "<|eos|>")}
    adding = {"type": "TemplateProcessing", "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": special}
    post = {
        "none": None,
        "bos": adding,
        "bos and eos": adding,
        "byte level": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        "sequence": {"type": "Sequence", "processors": [byte_level, adding]},
    }[spec["post"]]
    tokenizer = {
        "version": "1.0",
        "truncation": {"direction": "Left", "max_length": 5, "strategy": "LongestFirst", "stride": 0} if spec["truncation"] == "block" else None,
        "padding": {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": ids["<|pad|>"], "pad_type_id": 0, "pad_token": "<|pad|>"} if spec["padding block"] else None,
        "added_tokens": tokens,
        "normalizer": {"type": "NFC"} if spec["split"] == "qwen2 nfc" else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps},
        "post_processor": post,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": spec["split"] in ("llama3", "llama3 and digits", "removed", "prefix space"), "vocab": vocab, "merges": merges},
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), "utf-8")

    config: dict = {"clean_up_tokenization_spaces": False}
    if spec["tokenizer class"] != "none":
        config["tokenizer_class"] = spec["tokenizer class"]
    if spec["bos"] != "absent":
        token = added_token(0, "<|bos|>")
        del token["id"]
        config["bos_token"] = {"token": "<|bos|>", "null": None, "object": {"__type": "AddedToken", **token}, "empty": ""}[spec["bos"]]
    if spec["eos"] != "absent":
        config["eos_token"] = "<|eos|>"
    pad = {"own": "<|pad|>", "eot": "<|eot|>", "eos": "<|eos|>", "word": "!", "beyond": "[PAD]", "tokenizer only": "<|pad|>"}.get(spec["pad"])
    if pad is not None:
        config["pad_token"] = pad
    if pad == "[PAD]":
        ids[pad] = len(vocab) + len(tokens)
    elif pad == "!":
        ids[pad] = vocab["!"]
    extra = {"list": {"extra_special_tokens": ["<|header|>"]}, "dict": {"extra_special_tokens": {"boi": "<|header|>"}}, "named": {"image_token": "<|im_start|>"}, "additional": {"additional_special_tokens": ["<|eot|>", "<|header|>"]}}  # fmt: skip
    config.update(extra.get(spec["extra"], {}))
    if kind == "decoder only":
        config["added_tokens_decoder"] = {str(len(vocab) + len(tokens)): {key: value for key, value in added_token(0, "<mask>").items() if key != "id"}}
    if spec["truncation"] in ("left", "right"):
        config["truncation_side"] = spec["truncation"]
    if spec["add_bos_token"] != "none":
        config["add_bos_token"] = spec["add_bos_token"]
    if spec["template place"] == "file":
        (folder / "chat_template.jinja").write_text(template, "utf-8", newline="")
    else:
        config["chat_template"] = [{"name": "default", "template": template}, {"name": "rag", "template": "x"}] if spec["template place"] == "list" else template
    (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False), "utf-8")
    return ids


def write_config(spec: dict, ids: dict[str, int], folder: Path) -> dict:
    heads, kv_heads, head_dim = spec["heads"]
    rows = max(ids.values()) + 1 - (spec["pad"] == "beyond")
    config = {
        "architectures": ["LlamaForCausalLM" if spec["class"] == "value head" else spec["class"].replace("INFORM", "INFORMForSequenceClassification")],
        "model_type": "llama",
        "hidden_act": "silu",
        "vocab_size": rows + spec["rows"],
        "hidden_size": spec["hidden"] if spec["head_dim key"] else heads * head_dim,
        "intermediate_size": spec["ffn"],
        "num_hidden_layers": spec["layers"],
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": 1024,
        "rms_norm_eps": spec["eps"],
        "tie_word_embeddings": spec["tied"],
        "bos_token_id": ids["<|bos|>"],
        "eos_token_id": [ids["<|eos|>"], ids["<|eot|>"]] if spec["eos"] == "list" else ids["<|eos|>"],
        "attention_bias": spec["bias"] == "attention",
        "mlp_bias": spec["bias"] == "mlp",
    }
    if spec["head_dim key"]:
        config["head_dim"] = head_dim
    if spec["dtype key"] != "none":
        config[spec["dtype key"]] = spec["dtype"]
    pad = {"own": "<|pad|>", "eot": "<|eot|>", "eos": "<|eos|>", "word": "!", "beyond": "[PAD]"}.get(spec["pad"])
    if pad is not None and pad != "[PAD]":
        config["pad_token_id"] = ids[pad]
    if spec["pad"] == "negative":
        config["pad_token_id"] = -1
    if spec["labels"] == "id2label" or spec["class"] == "LlamaForSequenceClassification":
        config.update(id2label={"0": "LABEL_0"}, label2id={"LABEL_0": 0})
    if spec["labels"] == "num_labels":
        config["num_labels"] = 1
    linear = {"rope_type": "linear", "factor": 4.0}
    llama3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 256}
    theta = spec["theta"]
    config.update({
        "none": {"rope_theta": theta},
        "null": {"rope_theta": theta, "rope_scaling": None},
        "linear": {"rope_theta": theta, "rope_scaling": {"type": "linear", "factor": 4.0}},
        "llama3": {"rope_theta": theta, "rope_scaling": llama3},
        "linear in parameters": {"rope_parameters": {**linear, "rope_theta": theta}},
        "llama3 in parameters": {"rope_parameters": {**llama3, "rope_theta": theta}},
        "both": {"rope_theta": 20000.0, "rope_scaling": linear, "rope_parameters": {**llama3, "rope_theta": theta}},
        "theta twice": {"rope_theta": 20000.0, "rope_scaling": None, "rope_parameters": {"rope_type": "default", "rope_theta": theta}},
        "yarn": {"rope_theta": theta, "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 256}},
        "dynamic": {"rope_theta": theta, "rope_scaling": {"rope_type": "dynamic", "factor": 4.0}},
    }[spec["rope"]])  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return config


def write_weights(spec: dict, config: dict, folder: Path) -> None:
    generator = torch.Generator().manual_seed(spec["seed"] % 2**31)
    heads, kv_heads, head_dim = spec["heads"]
    hidden, ffn = config["hidden_size"], spec["ffn"]
    dtype = getattr(torch, spec["dtype"])

    def matrix(rows: int, columns: int, scale: float = 1.5) -> torch.Tensor:
        return (torch.randn(rows, columns, generator=generator) * scale / columns**0.5).to(dtype)

    tensors = {"model.embed_tokens.weight": matrix(config["vocab_size"], hidden, hidden**0.5)}
    for layer in range(spec["layers"]):
        parts = {
            "self_attn.q_proj": (heads * head_dim, hidden),
            "self_attn.k_proj": (kv_heads * head_dim, hidden),
            "self_attn.v_proj": (kv_heads * head_dim, hidden),
            "self_attn.o_proj": (hidden, heads * head_dim),
            "mlp.gate_proj": (ffn, hidden),
            "mlp.up_proj": (ffn, hidden),
            "mlp.down_proj": (hidden, ffn),
        }
        for name, shape in parts.items():
            tensors[f"model.layers.{layer}.{name}.weight"] = matrix(*shape)
            if (spec["bias"] == "attention" and "attn" in name) or (spec["bias"] == "mlp" and "mlp" in name):
                tensors[f"model.layers.{layer}.{name}.bias"] = matrix(1, shape[0])[0]
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{layer}.{name}.weight"] = (1 + torch.randn(hidden, generator=generator) / 8).to(dtype)
    tensors["model.norm.weight"] = (1 + torch.randn(hidden, generator=generator) / 8).to(dtype)
    if spec["class"] == "INFORM":
        tensors.update({"score.0.weight": matrix(hidden, hidden), "score.0.bias": matrix(1, hidden)[0], "score.2.weight": matrix(1, hidden), "score.2.bias": matrix(1, 1)[0]})  # fmt: skip
    elif spec["class"] == "value head":
        save_file({"v_head.summary.weight": matrix(1, hidden), "v_head.summary.bias": matrix(1, 1)[0]}, folder / "value_head.safetensors")
    else:
        tensors["score.weight"] = matrix(1, hidden)
    save_file({name: value.contiguous() for name, value in tensors.items()}, folder / "model.safetensors", metadata={"format": "pt"})


def resave(folder: Path) -> None:
    """As transformers 5 saves what it has loaded."""
    config = LlamaConfig.from_pretrained(folder)
    config.save_pretrained(folder)
    AutoTokenizer.from_pretrained(folder).save_pretrained(folder)


def loaded(spec: dict, folder: Path):
    """The reward of token ids, as the checkpoint's class gives it."""
    if spec["class"] == "INFORM":
        config = LlamaConfig.from_pretrained(folder)
        config.dtype = torch.float32
        model = InformReference(config)
        model.load_state_dict({name: value.float() for name, value in load_file(folder / "model.safetensors").items()}, strict=True)
        return model.eval().reward
    if spec["class"] == "value head":
        backbone = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval().model
        head = {name: value.float() for name, value in load_file(folder / "value_head.safetensors").items()}

        def reward(ids: list[int]) -> float:
            state = backbone(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0, -1]
            return (head["v_head.summary.weight"] @ state + head["v_head.summary.bias"]).item()

        return reward
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32, num_labels=1).eval()
    return lambda ids: model(input_ids=torch.tensor([ids]), use_cache=False).logits.item()


def ids_of(tokenizer, template: str, messages: list[dict], max_length: int) -> list[int]:
    """The template without a date; BOS where the tokenizer adds it and the text does not begin with it."""
    variables = {**tokenizer.special_tokens_map, "messages": messages, "tools": None, "documents": None, "add_generation_prompt": False}
    rendered = render(template, variables)
    if "error" in rendered:
        raise ValueError(rendered["error"])
    text = rendered["text"]
    adds = tokenizer("").input_ids
    adds_bos = bool(adds) and not text.startswith(tokenizer.decode(adds))
    return tokenizer(text, truncation=True, max_length=max_length, add_special_tokens=adds_bos).input_ids


@torch.inference_mode()
def theirs(spec: dict, folder: Path, samples: list[dict]) -> list[float | str]:
    """A score, or what transformers fails with."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        reward = loaded(spec, folder)
        template = tokenizer.get_chat_template()
    except Exception as error:  # noqa: BLE001: whatever is raised, there is no score
        return [f"{type(error).__name__}: {error}"[:120]] * len(samples)
    found = []
    for sample in samples:
        try:
            messages = [{**message} for message in messages_of(sample)]
            found.append(reward(ids_of(tokenizer, template, messages, spec["max_length"])))
        except Exception as error:  # noqa: BLE001
            found.append(f"{type(error).__name__}: {error}"[:120])
    return found


class Ours:
    def __init__(self) -> None:
        self.process = subprocess.Popen(["node", str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def score(self, folder: Path, samples: list[dict], max_length: int) -> dict:
        request = {"folder": str(folder), "samples": samples, "options": {"maxLength": max_length}}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Parity:
    def __init__(self, vocabulary: Vocabulary, templates: dict[str, str]) -> None:
        self.vocabulary, self.templates, self.ours = vocabulary, templates, Ours()
        self.counts: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()

    def compare(self, spec: dict, samples: list[dict], count: bool = False) -> list[dict]:
        """The samples that differ, with both answers."""
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work) / "checkpoint"
            folder.mkdir()
            ids = write_tokenizer(spec, self.vocabulary, self.templates[spec["template"]], folder)
            write_weights(spec, write_config(spec, ids, folder), folder)
            if spec["saved"] == "transformers 5":
                try:
                    resave(folder)
                except Exception:  # noqa: BLE001: what transformers cannot load is judged as it is
                    pass
            expected = theirs(spec, folder, samples)
            answer = self.ours.score(folder, samples, spec["max_length"])
        if count:
            self.counts["checkpoints"] += 1
            self.counts["checkpoints refused"] += "error" in answer
            self.counts["samples"] += len(samples)
        if "error" in answer:
            if count:
                self.refusals[answer["message"].split("/")[-1][:90]] += 1
            unnamed = answer["error"] in ("none", "INFORM_INTERNAL")
            return [{"sample": samples[0], "transformers": expected[0], "ours": answer}] if unnamed else []
        different = []
        for sample, right, found in zip(samples, expected, answer["scores"], strict=True):
            if "score" not in found:
                kind = "failed alike" if isinstance(right, str) else "refused"
            elif isinstance(right, str):
                kind = "scored here alone"
            else:
                kind = "equal" if abs(found["score"] - right) <= BOUND or (math.isnan(right) and found["score"] is None) else "different"
            # What transformers 5 does and 4 does not is said at conversion.
            if kind == "different" and any("transformers 5 splits texts" in note for note in answer["notes"]):
                kind += ", and said"
            if count:
                self.counts[kind] += 1
            if kind in ("different", "scored here alone"):
                different.append({"sample": sample, "transformers": right, "ours": found})
        return different

    def smaller(self, spec: dict, sample: dict) -> dict:
        """The specification with each choice that does not matter made plain."""
        for key, values in {**CHOICES, "template": ["llama"]}.items():
            if spec[key] == values[0]:
                continue
            plainer = {**spec, key: values[0]}
            if self.compare(plainer, [sample]):
                spec = plainer
        return spec


def shorter(parity: Parity, spec: dict, sample: dict) -> dict:
    """The sample with halves of its texts left out while it still differs."""
    def variants(value):
        if isinstance(value, str):
            half = len(value) // 2
            yield from ([value[:half], value[half:]] if half else [])
        elif isinstance(value, list):
            for at in range(len(value)):
                for less in variants(value[at]):
                    yield [*value[:at], less, *value[at + 1 :]]
        elif isinstance(value, dict):
            for key in value:
                if key != "role":
                    for less in variants(value[key]):
                        yield {**value, key: less}

    for _ in range(40):
        less = next((less for less in variants(sample) if parity.compare(spec, [less])), None)
        if less is None:
            break
        sample = less
    return sample


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--templates", type=Path)
    parser.add_argument("checkpoint", type=Path, help="the generated checkpoint, for Llama 3's vocabulary")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    templates = dict(TEMPLATES)
    for path in sorted(given.templates.glob("*.jinja")) if given.templates else []:
        with path.open(encoding="utf-8", newline="") as file:
            templates[path.name] = file.read()
    parity = Parity(Vocabulary(given.checkpoint), templates)
    chance = random.Random(given.seed)
    end = time.monotonic() + 60 * given.minutes
    reported = 0
    while time.monotonic() < end:
        spec = random_spec(chance, templates)
        samples = [sample_of(chance) for _ in range(6)]
        different = parity.compare(spec, samples, count=True)
        if not different:
            continue
        reported += 1
        sample = different[0]["sample"]
        spec = parity.smaller(spec, sample)
        sample = shorter(parity, spec, sample)
        [last] = parity.compare(spec, [sample]) or different[:1]
        odd = {key: value for key, value in spec.items() if key in ("template", "seed") or value != CHOICES[key][0]}
        print(json.dumps({"checkpoint": odd, **last}, ensure_ascii=True), flush=True)
    print(f"seed {given.seed}: " + ", ".join(f"{count} {name}" for name, count in sorted(parity.counts.items())))
    for message, count in parity.refusals.most_common(25):
        print(f"  refused {count} times: {message}")
    sys.exit(1 if reported else 0)


if __name__ == "__main__":
    main()
