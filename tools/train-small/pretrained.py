"""Writes SmolLM2-135M out of its GGUF file as a checkpoint folder, with the chat template that this model uses.

    python pretrained.py SmolLM2-135M-Instruct.Q4_1.gguf OUT

The template is SmolLM2's ChatML without the system message that it puts where none is given: 30 tokens that say the same every time.
"""

import json
import sys
from pathlib import Path

from gguf import GGUFReader
from safetensors.torch import save_file

sys.path.append(str(Path(__file__).parents[2] / "test" / "reference"))
from llama_weights import tensors_of  # noqa: E402
from real_weights import write_config, write_tokenizer  # noqa: E402

TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    reader, out = GGUFReader(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True)
    write_config(reader, out)
    write_tokenizer(reader, out)
    settings = out / "tokenizer_config.json"
    config = {**json.loads(settings.read_text("utf-8")), "chat_template": TEMPLATE}
    settings.write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", "utf-8")
    save_file(tensors_of(reader), out / "model.safetensors")


if __name__ == "__main__":
    main()
