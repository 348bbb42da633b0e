"""Makes the goldens of LoRA adapters: what transformers says of the base that PEFT has merged each of them into.

    python make_adapter_goldens.py FOLDER BASE OUT.json.gz

FOLDER holds the adapters, each in a folder `adapter-NAME`, and BASE, the folder of their base, a language model. One conversation at a
time, float32.
"""

import gzip
import hashlib
import json
import sys
from pathlib import Path

import peft
import torch
from inform_reference import fingerprint
from make_goldens import messages_of
from make_variant_goldens import SAMPLES, ids_of
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from versions import versions


@torch.inference_mode()
def judged(folder: Path, base: Path) -> dict:
    tokenizer = AutoTokenizer.from_pretrained(base)
    classifier = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1, dtype=torch.float32)
    model = PeftModel.from_pretrained(classifier, folder).merge_and_unload().eval()
    sequences = [torch.tensor([ids_of(tokenizer, messages_of(entry["sample"]), 4096)]) for entry in SAMPLES]
    return {
        "name": folder.name.removeprefix("adapter-"),
        "adapter": hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest(),
        "base": fingerprint(base),
        "scores": [model(input_ids=ids, use_cache=False).logits.item() for ids in sequences],
    }


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    base = folder / sys.argv[2]
    adapters = [judged(path, base) for path in sorted(folder.glob("adapter-*"))]
    for entry in adapters:
        print(entry["name"], [round(score, 3) for score in entry["scores"]])
    goldens = {"made": {**versions(), "peft": peft.__version__}, "samples": SAMPLES, "adapters": adapters}
    text = json.dumps(goldens, ensure_ascii=False, allow_nan=False)
    Path(sys.argv[3]).write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
