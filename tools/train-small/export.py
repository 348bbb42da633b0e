"""Writes the model of a probe as a Hugging Face checkpoint folder of the class INFORMForSequenceClassification.

    python export.py DATA PRETRAINED PROBE.pt OUT [--layers 12]

cuts the vocabulary (vocabulary.py), writes config.json and model.safetensors in float32 beside the tokenizer's files, and checks the
tokens of the result, and transformers' scores of it against those of the same weights with bfloat16 activations.
"""

import paths  # noqa: F401, I001
import argparse
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from answers import load_answers, read_rows, render, tokenize
from assemble import with_probe
from batches import cut
from probe import Probe
from safetensors.torch import save_file
from scores import rewards
from transformers import AutoTokenizer
from vocabulary import cut_tokenizer, kept_tokens, renumbered

sys.path.append(str(Path(__file__).parents[2] / "test" / "reference"))
from inform_reference import load_reference  # noqa: E402

CHECKED = 40  # answers
MOST_OF_DEVIATION = 0.05  # between float32 and bfloat16 activations

CARD = """---
license: apache-2.0
---

inform-small: docs/inform-small.md of inform-score says what it is.
"""


def config_of(tokens: int, layers: int, pretrained: Path) -> dict:
    given = json.loads((pretrained / "config.json").read_text(encoding="utf-8"))
    return {**given, "num_hidden_layers": layers, "vocab_size": tokens}


def check_tokens(arguments: argparse.Namespace, known: list) -> None:
    tokenizer = AutoTokenizer.from_pretrained(arguments.out)
    rows = read_rows(arguments.data / "train.jsonl.gz")
    for index, _, new in known:
        if tokenize(tokenizer, [render(tokenizer, rows[index]["instruction"], rows[index]["output"])])[0] != new.tolist():
            raise SystemExit(f"The cut tokenizer splits answer {index} in another way.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "pretrained", "probe", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--layers", type=int, default=12, help="the depth that the probe is of")
    arguments = parser.parse_args()
    answers = load_answers(arguments.data / "train.jsonl.gz", arguments.pretrained, arguments.pretrained / "train-tokens.npz")
    model = with_probe(arguments.pretrained, arguments.layers, Probe(**torch.load(arguments.probe)))
    exact = {name: parameter.detach().float() for name, parameter in model.named_parameters()}

    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer = json.loads((arguments.pretrained / "tokenizer.json").read_text(encoding="utf-8"))
    kept = kept_tokens(tokenizer, answers)
    written = json.dumps(cut_tokenizer(tokenizer, kept), ensure_ascii=False, indent=1)
    (arguments.out / "tokenizer.json").write_text(written + "\n", encoding="utf-8")
    shutil.copyfile(arguments.pretrained / "tokenizer_config.json", arguments.out / "tokenizer_config.json")
    embedding = "model.embed_tokens.weight"
    exact[embedding] = exact[embedding][kept].contiguous()
    config = json.dumps(config_of(len(kept), model.geometry.layers, arguments.pretrained), indent=2)
    (arguments.out / "config.json").write_text(config + "\n", encoding="utf-8")
    (arguments.out / "README.md").write_text(CARD, encoding="utf-8")
    save_file(exact, arguments.out / "model.safetensors", metadata={"format": "pt"})

    chosen = np.linspace(0, len(answers.win_rate) - 1, CHECKED).astype(int)
    sequences = [cut(answers.tokens(index).astype(np.int64), 8192) for index in chosen]
    known = [(index, each, renumbered(each, kept)) for index, each in zip(chosen, sequences, strict=True)]
    known = [(index, old, new) for index, old, new in known if new is not None]
    check_tokens(arguments, known)
    reference = load_reference(arguments.out)
    judged = np.array([reference.reward(new.tolist()) for _, _, new in known])
    apart = float(np.abs(rewards(model, [old for _, old, _ in known]) - judged).max() / judged.std())
    print(f"{arguments.out}: {len(kept)} tokens; of {len(known)} answers, transformers' float32 scores differ by at most {apart:.3f} of their deviation")
    if not apart <= MOST_OF_DEVIATION:
        raise SystemExit("The exported checkpoint does not score like the model.")


if __name__ == "__main__":
    main()
