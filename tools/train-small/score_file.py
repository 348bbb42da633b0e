"""Scores samples with the weights of a GGUF file, by PyTorch in bfloat16: where a CPU has AMX, sooner than the engine does.

    python score_file.py MODEL.gguf CHECKPOINT SAMPLES.jsonl SCORES.jsonl [SAMPLES.jsonl SCORES.jsonl ...]

CHECKPOINT is the folder that export.py wrote, for its tokenizer. The scores are those of the file's rounded weights, but not the engine's
to the last digit.
"""

import json
import sys
from pathlib import Path

# Before train-mini's folder, which has a module of a name that is used there, too.
sys.path.insert(1, str(Path(__file__).parents[2] / "test" / "reference"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from gguf import GGUFReader  # noqa: E402
from llama_weights import field, tensors_of  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

import paths  # noqa: E402, F401, I001
from answers import render, tokenize  # noqa: E402
from backbone import Geometry, RewardModel  # noqa: E402
from batches import cut  # noqa: E402
from scores import rewards  # noqa: E402

MOST_TOKENS = 4096


@torch.no_grad()
def load(path: str) -> RewardModel:
    reader = GGUFReader(path)
    tensors = tensors_of(reader)
    rows = len(tensors["model.embed_tokens.weight"])
    model = RewardModel(Geometry(layers=int(field(reader, "llama.block_count")), rows=rows))
    for name, parameter in model.named_parameters():
        parameter.copy_(tensors[name])
    return model


def main() -> None:
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    model, tokenizer = load(sys.argv[1]), AutoTokenizer.from_pretrained(sys.argv[2])
    for samples, scores in zip(sys.argv[3::2], sys.argv[4::2], strict=True):
        rows = [json.loads(line) for line in Path(samples).read_text(encoding="utf-8").splitlines()]
        rows = [row for row in rows if row["output"]]
        texts = tokenize(tokenizer, [render(tokenizer, row["instruction"], row["output"]) for row in rows])
        found = rewards(model, [cut(np.array(ids), MOST_TOKENS) for ids in texts])
        lines = [json.dumps({"id": row["id"], "score": score}) for row, score in zip(rows, found.tolist(), strict=True)]
        Path(scores).write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{scores}: {len(rows)} scores", flush=True)


if __name__ == "__main__":
    main()
