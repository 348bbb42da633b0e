"""Makes the golden of Unicode's composition: what the tokenizers library's NFC makes of every character.

    python make_nfc_golden.py OUT.json

Each character is asked about alone, behind a letter, and before and behind marks of four classes. The golden is
the SHA-256 of all answers of a plane, one line a character.
"""

import hashlib
import json
import sys
from pathlib import Path

from tokenizers import normalizers
from versions import versions

MARKS = "\u0334\u0323\u0301\u0345"


def probe(character: str) -> str:
    around = "".join(f"z{mark}{character}z{character}{mark}" for mark in MARKS)
    return f"{character}|a{character}|{around}"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    nfc = normalizers.NFC()
    planes = []
    for plane in range(17):
        digest = hashlib.sha256()
        for code in range(plane << 16, (plane + 1) << 16):
            if not 0xD800 <= code < 0xE000:
                digest.update(f"{nfc.normalize_str(probe(chr(code)))}\n".encode())
        planes.append(digest.hexdigest())
    golden = {"made": versions(), "planes": planes}
    Path(sys.argv[1]).write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
