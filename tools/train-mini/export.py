"""Writes a trained model as a Hugging Face checkpoint folder of the class INFORMForSequenceClassification.

    python export.py DATA TOKENIZER RUN WEIGHTS.pt OUT

rotates the model for quantization (rotate.py), gives every token of Llama 3.1's vocabulary its row (vocabulary.py), writes config.json and model.safetensors in float32
beside the tokenizer's files, and checks transformers' scores of the result against those of the model as it was trained.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from answers import load_answers
from model import Geometry, RewardModel, llama_config
from safetensors.torch import save_file
from rotate import rotate
from scoring import summaries
from split import split_instructions
from vocabulary import VOCABULARY, compact_rows

sys.path.append(str(Path(__file__).parents[2] / "test" / "reference"))
from inform_reference import load_reference  # noqa: E402

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
BEGIN_OF_TEXT, END_OF_TURN = 128000, 128009
CHECKED = 20  # answers
MOST_DIFFERENCE = 1e-4

CARD = """---
license: apache-2.0
---

inform-mini: docs/inform-mini.md of inform-score says what it is.
"""


def config_of(geometry: Geometry) -> dict:
    config = llama_config(geometry, VOCABULARY).to_dict()
    config.update(
        architectures=["INFORMForSequenceClassification"],
        bos_token_id=BEGIN_OF_TEXT,
        eos_token_id=END_OF_TURN,
        pad_token_id=END_OF_TURN,
        id2label={"0": "LABEL_0"},  # how transformers writes num_labels: 1
        label2id={"LABEL_0": 0},
        torch_dtype="float32",
    )
    return config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "tokenizer", "run", "weights", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layers", type=int, default=3)
    arguments = parser.parse_args()

    answers = load_answers(arguments.data / "train.jsonl.gz", arguments.tokenizer, arguments.run / "train-tokens.npz")
    rows = compact_rows(answers, split_instructions(answers, arguments.seed).trained)
    model = RewardModel(Geometry(rows=int(rows.max()) + 1, layers=arguments.layers), arguments.seed)
    model.load_state_dict(torch.load(arguments.weights, map_location="cpu"))

    chosen = np.linspace(0, len(answers.win_rate) - 1, CHECKED).astype(int)
    with torch.inference_mode():
        trained = model.rewards(summaries(model, [rows[answers.tokens(i)] for i in chosen], torch.float32)).numpy()
    rotate(model, arguments.seed)
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    tensors["model.embed_tokens.weight"] = tensors["model.embed_tokens.weight"][torch.from_numpy(rows)].contiguous()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        shutil.copyfile(arguments.tokenizer / name, arguments.out / name)
    config = json.dumps(config_of(model.geometry), indent=2)
    (arguments.out / "config.json").write_text(config + "\n", encoding="utf-8")
    (arguments.out / "README.md").write_text(CARD, encoding="utf-8")
    save_file(tensors, arguments.out / "model.safetensors", metadata={"format": "pt"})

    reference = load_reference(arguments.out)
    judged = np.array([reference.reward(answers.tokens(i).tolist()) for i in chosen])
    apart = float(np.abs(trained - judged).max())
    print(f"{arguments.out}: transformers' scores of {CHECKED} answers differ by at most {apart:.1e}")
    if not apart <= MOST_DIFFERENCE:
        raise SystemExit("The exported checkpoint does not score like the trained model.")


if __name__ == "__main__":
    main()
