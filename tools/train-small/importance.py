"""An importance matrix of an exported checkpoint, in llama-imatrix's form, over answers of the training split.

    python importance.py DATA CHECKPOINT OUT.gguf
"""

import sys
from pathlib import Path

# Before train-mini's folder, which has a module of a name that is used there, too.
sys.path.insert(1, str(Path(__file__).parents[2] / "test" / "reference"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from fit_win_rates import Squares  # noqa: E402
from inform_reference import load_reference  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

import paths  # noqa: E402, F401, I001
from answers import read_rows, render, tokenize  # noqa: E402

ANSWERS = 160
MOST_TOKENS = 512


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    data, checkpoint, out = map(Path, sys.argv[1:])
    rows = read_rows(data / "train.jsonl.gz")
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = load_reference(checkpoint)
    squares = Squares(model)
    for index in np.linspace(0, len(rows) - 1, ANSWERS).astype(int):
        prompt = render(tokenizer, rows[index]["instruction"], rows[index]["output"])
        ids = tokenize(tokenizer, [prompt])[0][:MOST_TOKENS]
        with torch.inference_mode():
            model.model(input_ids=torch.tensor([ids]), use_cache=False)
        squares.count += len(ids)
    squares.write(out, ANSWERS)


if __name__ == "__main__":
    main()
