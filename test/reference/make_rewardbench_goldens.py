"""What allenai's own code makes of per-pair scores: `make_rewardbench_goldens.py OUT.json`. The seed is fixed.

Needs numpy, pandas, datasets and `pip install --no-deps rewardbench==0.1.4`, whose functions are called as they are. What that package
imports and these functions do not use (torch, fastchat and others) need not be there.
"""

import json
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import distribution, version
from types import ModuleType
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
from datasets import Dataset


class Stub(MagicMock):
    __path__ = []


class Finder:
    """Gives an empty module for whatever is not installed."""

    NAMES = ("torch", "fastchat", "trl", "transformers", "accelerate", "bitsandbytes", "huggingface_hub", "tiktoken", "wandb",
             "openai", "anthropic", "together", "google", "peft")  # fmt: skip

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in self.NAMES and name != "rewardbench.models":
            return None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Stub(name=spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Finder())
# The package itself without its __init__, which imports the models.
package = sys.modules["rewardbench"] = ModuleType("rewardbench")
package.__path__ = [str(distribution("rewardbench").locate_file("rewardbench"))]

from rewardbench.constants import EXAMPLE_COUNTS, SUBSET_MAPPING  # noqa: E402
from rewardbench.utils import calculate_scores_per_section, process_single_model, reroll_and_score_dataset  # noqa: E402

# datasets asks these whether a value is theirs, where they are loaded.
for name in [name for name in sys.modules if name.split(".")[0] in Finder.NAMES]:
    del sys.modules[name]
sys.meta_path.pop(0)

SEED = 20261128


def first(rng, subsets, most):
    """RewardBench: pairs with scores on a coarse grid, so that ties are there."""
    rows = []
    for subset in subsets:
        for _ in range(rng.integers(1, most)):
            rows.append([subset, *np.round(rng.normal([0.8, 0], 1), 1).tolist()])
    grouped = {}
    for subset in subsets:
        results = [1 if chosen > rejected else 0 for name, chosen, rejected in rows if name == subset]
        grouped[subset] = sum(results) / len(results)
    sections = calculate_scores_per_section(EXAMPLE_COUNTS, SUBSET_MAPPING, grouped)
    return {"rows": rows, "subsets": grouped, "sections": sections}


def second(rng, rows):
    """RewardBench 2, other than Ties: best of four, ties at the top shared."""
    scores = np.round(rng.normal([0.5, 0, 0, 0], 1, (rows, 4)), 0)
    flat = Dataset.from_pandas(pd.DataFrame([{"text": "", "scores": s, "subset": "Math"} for row in scores for s in row]))
    results = reroll_and_score_dataset(flat, [4] * rows)["results"]
    return {"scores": scores.tolist(), "accuracy": float(np.sum(results) / rows)}


def ties(rng, prompts, digits, with_ref=0.8):
    rows = []
    for prompt in range(prompts):
        right = int(rng.integers(1, 6))
        for kind, correct in (("ref", 1), ("tied", right)):
            if kind == "ref" and rng.random() > with_ref:
                continue
            wrong = int(rng.integers(1, 7))
            values = np.concatenate([rng.normal(2, 0.4, correct), rng.normal(0, 0.8, wrong)])
            rows.append({"id": f"{kind}:{prompt}", "num_correct": correct, "scores": np.round(values, digits).tolist()})
    _, score = process_single_model(rows)
    return {"rows": rows, "score": float(score)}


def main():
    rng = np.random.default_rng(SEED)
    every = [subset for subsets in SUBSET_MAPPING.values() for subset in subsets]
    some = ["math-prm", "hep-go", "xstest-should-refuse", "donotanswer", "mt-bench-hard", "alpacaeval-easy"]
    made = {"rewardbench": version("rewardbench"), "numpy": np.__version__}
    first_ones = [first(rng, every, 40), first(rng, some, 12)]
    second_ones = [second(rng, rows) for rows in (1, 60)]
    ties_ones = [ties(rng, 40, 1), ties(rng, 40, 3), ties(rng, 1, 2, 1), ties(rng, 8, 1, 0)]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({"made": made, "rewardbench": first_ones, "rewardbench2": second_ones, "ties": ties_ones}, file)
        file.write("\n")


main()
