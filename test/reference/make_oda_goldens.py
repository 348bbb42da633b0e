"""What OpenDataArena's toolkit writes for a configuration: make_oda_goldens.py TOOLKIT CHECKPOINT OUT.json

TOOLKIT is the folder `model_based` of a clone of OpenDataArena/ODA-DataScorer at 56b43dd, as it is; only its scorers/scores_info.json is
read with InfOrmScorer alone, so that vllm and others need not be installed. CHECKPOINT is the tests' generated one with the pad token
"<|finetune_right_pad_id|>" in tokenizer_config.json. Runs with transformers 4.51.3 (tokenizers 0.21.4, huggingface-hub 0.30.2), as the
toolkit does not run with transformers 5, on a CPU and so in float32. OUT has the rows, the configuration without its paths, and the text
of pointwise_scores.jsonl.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

COMMIT = "56b43dd"
ROWS = 14
SCORER = {"name": "InfOrmScorer", "batch_size": 4, "max_length": 120, "num_gpu_per_job": 0}
CONFIG = {"data_with_id": True, "num_gpu": 0, "num_gpu_per_job": 0, "resume": False}


def rows() -> list[dict]:
    """Some with an input, one without an answer's end within max_length, ids with gaps."""
    excerpts = Path(__file__).parent.parent / "fixtures" / "alpaca-eval-excerpts.jsonl"
    samples = [json.loads(line) for line in excerpts.read_text("utf-8").splitlines()]
    picked = [sample for sample in samples if isinstance(sample.get("instruction"), str) and sample.get("output")][:ROWS]
    return [
        {"id": 3 * i, "instruction": row["instruction"], "input": "Be brief." if i % 4 == 1 else "", "output": row["output"][:700]}
        for i, row in enumerate(picked)
    ]


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    toolkit, checkpoint, out = (Path(name).resolve() for name in sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(toolkit, work / "toolkit")
        info = work / "toolkit" / "scorers" / "scores_info.json"
        scorers = json.loads(info.read_text("utf-8"))["scorers"]
        info.write_text(json.dumps({"scorers": [entry for entry in scorers if entry["name"] == SCORER["name"]]}), "utf-8")
        samples = rows()
        (work / "in.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in samples), "utf-8")
        config = {
            "input_path": str(work / "in.jsonl"),
            "output_path": str(work / "results"),
            **CONFIG,
            "scorers": [{**SCORER, "model": str(checkpoint)}],
        }
        (work / "config.yaml").write_text(json.dumps(config), "utf-8")  # JSON is YAML
        subprocess.run([sys.executable, "main.py", "--config", str(work / "config.yaml")], cwd=work / "toolkit", check=True)
        pointwise = (work / "results" / "pointwise_scores.jsonl").read_text("utf-8")
    golden = {"toolkit": COMMIT, "config": {**CONFIG, "scorers": [SCORER]}, "rows": samples, "pointwise": pointwise}
    out.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
