"""Compares what PyPI's `gguf` reads of GGUF files with what our own reader does.

    python compare_readers.py MODEL.gguf...

Every metadata key with its type and value, and every tensor's name, shape, type, place and bytes must be the same.
Prints a line for each file; exits with 1 if any differs. Needs `npm run build` before.
"""

import hashlib
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from gguf import GGUFReader, GGUFValueType

DUMP = Path(__file__).with_name("dump_gguf.mjs")


def metadata_of(reader: GGUFReader) -> dict:
    found = {}
    for key, field in reader.fields.items():
        if key.startswith("GGUF."):  # the reader's own names for the counts in the header
            continue
        first = field.types[0]
        if first == GGUFValueType.ARRAY:
            # An empty array has no element to tell the type from.
            element = field.types[1].name.lower() if len(field.types) > 1 else None
            found[key] = {"type": "array", "element": element, "value": field.contents()}
        else:
            found[key] = {"type": first.name.lower(), "value": field.contents()}
    return found


def tensors_of(reader: GGUFReader) -> list[dict]:
    return [
        {
            "name": tensor.name,
            "shape": [int(size) for size in tensor.shape],
            "type": tensor.tensor_type.name,
            "offset": int(tensor.data_offset),
            "byteLength": int(tensor.n_bytes),
            "sha256": hashlib.sha256(tensor.data.tobytes()).hexdigest(),
        }
        for tensor in reader.tensors
    ]


def differences(path: Path) -> list[str]:
    ours = json.loads(subprocess.run(["node", DUMP, path], check=True, capture_output=True).stdout)
    reader = GGUFReader(path)
    theirs = {"version": int(reader.fields["GGUF.version"].parts[-1][0]), "alignment": reader.alignment}
    found = [name for name in theirs if theirs[name] != ours[name]]
    metadata = metadata_of(reader)
    found += [key for key in {**metadata, **ours["metadata"]} if metadata.get(key) != ours["metadata"].get(key)]
    tensors = tensors_of(reader)
    if [tensor["name"] for tensor in tensors] != [tensor["name"] for tensor in ours["tensors"]]:
        return [*found, "the names or the order of the tensors"]
    found += [mine["name"] for mine, other in zip(ours["tensors"], tensors, strict=True) if mine != other]
    print(f"{path.name}: {len(metadata)} keys, {len(tensors)} tensors, {'differs' if found else 'the same'}")
    return found


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    print(f"gguf {version('gguf')}")
    failed = False
    for argument in sys.argv[1:]:
        for difference in differences(Path(argument)):
            failed = True
            print(f"  differs: {difference}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
