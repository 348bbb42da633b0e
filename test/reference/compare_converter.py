"""Compares our conversions with those of llama.cpp's convert_hf_to_gguf.py.

    python compare_converter.py LLAMA_CPP CHECKPOINT_DIR...

llama.cpp's converter knows no reward model, so it gets a temporary copy of each checkpoint without its head, called the
causal language model of its backbone. For F32, F16 and BF16 every tensor of the backbone must be the same bit for bit, and every metadata key
the same in type and value, but for those in EXPLAINED. Prints what was compared and what differs; exits with 1 if
anything unexplained does. Needs `npm run build` before.

Of SentencePiece's tokenizers llama.cpp's converter reads tokenizer.model, which is made here out of tokenizer.json where there is none.
"""

import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from compare_readers import metadata_of
from gguf import GGUFReader
from inform_reference import tensor_files
from safetensors import safe_open
from safetensors.torch import save_file

CLI = Path(__file__).resolve().parents[2] / "dist" / "cli" / "bin.js"

EXPLAINED = {
    # Only ours: what a reward model is.
    "*.pooling_type": "only ours",
    "inform.tensors.sha256": "only ours",
    "inform.head.class": "only ours",
    "inform.template.special_tokens": "only ours",
    "inform.head.read_token": "only ours",
    "inform.head.pad_token_id": "only ours",
    "inform.head.format": "only ours",
    "inform.head.activation": "only ours",
    # Theirs is written with spaces for hyphens; ours is the name as it is.
    "general.name": "differs",
    # Theirs guesses these from the name and the number of parameters.
    "general.basename": "only theirs",
    "general.finetune": "only theirs",
    "general.size_label": "only theirs",
    "general.version": "only theirs",
    # Theirs takes from config.json what Qwen's tokenizer has not. Templates would see it.
    "tokenizer.ggml.bos_token_id": "only theirs",
    # Theirs are those of the tokenizer.model below, where every piece has its id's.
    "tokenizer.ggml.scores": "differs",
    "inform.tokenizer.longest_space_run": "only ours",
    # Where a space is put before a text; theirs leaves it to what llama.cpp does by itself.
    "tokenizer.ggml.add_space_prefix": "only ours",
    "inform.tokenizer.space_prefix": "only ours",
    # The class of a Gemma's tokenizer has one that its files do not name.
    "tokenizer.ggml.mask_token_id": "only ours",
}

CAUSAL = {
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "gemma2": "Gemma2ForCausalLM",
    "gemma3_text": "Gemma3ForCausalLM",
}

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


def field(number: int, data: bytes) -> bytes:
    """A field of a protobuf message that has a length."""
    length, size = b"", len(data)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


def sentencepiece_model(tokenizer: dict) -> bytes:
    added = {token["id"]: token["special"] for token in tokenizer["added_tokens"]}
    message = b""
    for text, id in sorted(tokenizer["model"]["vocab"].items(), key=lambda entry: entry[1]):
        if text == tokenizer["model"]["unk_token"]:
            kind = UNKNOWN
        elif id in added:
            kind = CONTROL if added[id] else USER_DEFINED
        else:
            kind = BYTE if text.startswith("<0x") and len(text) == 6 else NORMAL
        score = -float(id) if kind == NORMAL else 0.0
        message += field(1, field(1, text.encode("utf-8")) + b"\x15" + struct.pack("<f", score) + bytes([0x18, kind]))
    trainer = bytes([3 << 3, 2]) + b"\x98\x02\x01"  # byte-pair encoding, with byte_fallback
    prefix = not json.dumps(tokenizer["normalizer"]).startswith('{"type": "Replace"')
    normalizer = field(1, b"identity") + bytes([3 << 3, int(prefix), 4 << 3, 0])  # no spaces removed
    return message + field(2, trainer) + field(3, normalizer)


def relabel(checkpoint: Path, copy: Path) -> None:
    copy.mkdir()
    for path in checkpoint.iterdir():
        if not path.name.startswith("model") and path.name != "config.json":
            (copy / path.name).symlink_to(path.resolve())
    config = json.loads((checkpoint / "config.json").read_text())
    file = checkpoint / "tokenizer.json"
    tokenizer = json.loads(file.read_text("utf-8")) if file.exists() else None
    if tokenizer is not None and tokenizer["model"]["byte_fallback"]:
        (copy / "tokenizer.model").write_bytes(sentencepiece_model(tokenizer))
    (copy / "config.json").write_text(json.dumps({**config, "architectures": [CAUSAL[config["model_type"]]]}))
    backbone = {}
    for name, path in tensor_files(checkpoint).items():
        if not name.startswith("score."):
            with safe_open(path, framework="pt") as file:
                backbone[name] = file.get_tensor(name)
    save_file(backbone, copy / "model.safetensors", metadata={"format": "pt"})


def compare(ours: GGUFReader, theirs: GGUFReader, window: int | None) -> tuple[list[str], str]:
    """What differs without an explanation, and a summary."""
    unexplained = []
    backbone = {tensor.name: tensor for tensor in ours.tensors if not tensor.name.startswith("cls.")}
    others = {tensor.name: tensor for tensor in theirs.tensors}
    for name in sorted({*backbone, *others}):
        mine, other = backbone.get(name), others.get(name)
        if mine is None or other is None:
            unexplained.append(f"tensor {name}: only {'theirs' if mine is None else 'ours'}")
        elif mine.tensor_type != other.tensor_type or list(mine.shape) != list(other.shape):
            unexplained.append(f"tensor {name}: {mine.tensor_type.name} {mine.shape}, {other.tensor_type.name} {other.shape}")
        elif not np.array_equal(mine.data.view(np.uint8), other.data.view(np.uint8)):
            unexplained.append(f"tensor {name}: other bytes")

    keys, other_keys = metadata_of(ours), metadata_of(theirs)
    explained = 0
    for key in sorted({*keys, *other_keys}):
        if keys.get(key) == other_keys.get(key):
            continue
        if key == "llama.context_length" and window is not None:
            explained += 1  # texts beyond the window are not computed as transformers does
            continue
        kind = "only ours" if key not in other_keys else "only theirs" if key not in keys else "differs"
        if EXPLAINED.get(key, EXPLAINED.get("*." + key.partition(".")[2])) == kind:
            explained += 1
        else:
            shown = [str(entry)[:80] for entry in (keys.get(key), other_keys.get(key))]
            unexplained.append(f"key {key}: {kind}: {shown}")
    same = len({*keys} & {*other_keys})
    return unexplained, f"{len(backbone)} tensors, {same} common keys, {explained} explained differences"


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    converter = Path(sys.argv[1]) / "convert_hf_to_gguf.py"
    failed = False
    for checkpoint in map(Path, sys.argv[2:]):
        with tempfile.TemporaryDirectory() as work:
            copy = Path(work) / checkpoint.name  # the converter takes the model's name from the folder
            relabel(checkpoint, copy)
            window = json.loads((checkpoint / "config.json").read_text()).get("sliding_window")
            for outtype in ("f32", "f16", "bf16"):
                ours, theirs = Path(work) / f"ours-{outtype}.gguf", Path(work) / f"theirs-{outtype}.gguf"
                arguments = [sys.executable, converter, copy, "--outfile", theirs, "--outtype", outtype]
                subprocess.run(arguments, check=True, capture_output=True)
                arguments = ["node", CLI, "convert", checkpoint, "-o", ours, "--type", outtype]
                subprocess.run(arguments, check=True, capture_output=True)
                unexplained, summary = compare(GGUFReader(ours), GGUFReader(theirs), window)
                print(f"{checkpoint.name} in {outtype}: {summary}{', DIFFERS' if unexplained else ''}", flush=True)
                for difference in unexplained:
                    failed = True
                    print(f"  {difference}")
                ours.unlink()
                theirs.unlink()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
