"""Writes a trained model as a Hugging Face checkpoint folder of the class INFORMForSequenceClassification.

    python export.py DATA PRETRAINED RUN WEIGHTS.pt OUT

writes config.json and model.safetensors in float32 beside the tokenizer's files, and checks transformers' scores of the result
against those of the model as it was trained, whose activations are bfloat16.
"""

import paths  # noqa: F401, I001
import argparse
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from answers import load_answers
from backbone import Geometry, RewardModel
from batches import cut
from safetensors.torch import save_file
from scores import rewards
from start import new_model
from torch import Tensor

sys.path.append(str(Path(__file__).parents[2] / "test" / "reference"))
from inform_reference import load_reference  # noqa: E402

CHECKED = 24  # answers
MOST_OF_DEVIATION = 0.1  # between float32 and bfloat16 activations

CARD = """---
license: apache-2.0
---

inform-small: docs/inform-small.md of inform-score says what it is.
"""


def config_of(geometry: Geometry, pretrained: Path) -> dict:
    given = json.loads((pretrained / "config.json").read_text(encoding="utf-8"))
    return {**given, "num_hidden_layers": geometry.layers, "vocab_size": geometry.rows}


def trained_model(weights: Path, pretrained: Path) -> tuple[RewardModel, dict[str, Tensor]]:
    """The model with activations as in training, and its exact weights."""
    found = torch.load(weights, map_location="cpu")
    layers = 1 + max(int(name.split(".")[2]) for name in found if name.startswith("model.layers."))
    model = new_model(pretrained, layers - 1, 0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in found:
                parameter.copy_(found[name])
    exact = {name: found.get(name, parameter.detach()).float().contiguous() for name, parameter in model.named_parameters()}
    return model, exact


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "pretrained", "run", "weights", "out"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    answers = load_answers(arguments.data / "train.jsonl.gz", arguments.pretrained, arguments.run / "train-tokens.npz")
    model, exact = trained_model(arguments.weights, arguments.pretrained)

    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(arguments.pretrained / name, arguments.out / name)
    config = json.dumps(config_of(model.geometry, arguments.pretrained), indent=2)
    (arguments.out / "config.json").write_text(config + "\n", encoding="utf-8")
    (arguments.out / "README.md").write_text(CARD, encoding="utf-8")
    save_file(exact, arguments.out / "model.safetensors", metadata={"format": "pt"})

    chosen = np.linspace(0, len(answers.win_rate) - 1, CHECKED).astype(int)
    sequences = [cut(answers.tokens(index).astype(np.int64), 2048) for index in chosen]
    reference = load_reference(arguments.out)
    judged = np.array([reference.reward(each.tolist()) for each in sequences])
    apart = float(np.abs(rewards(model, sequences) - judged).max() / judged.std())
    print(f"{arguments.out}: of {CHECKED} answers, transformers' float32 scores differ by at most {apart:.3f} of their deviation")
    if not apart <= MOST_OF_DEVIATION:
        raise SystemExit("The exported checkpoint does not score like the trained model.")


if __name__ == "__main__":
    main()
