"""Holds the first card's memory but for BYTES until standard input ends: python hold_card.py BYTES"""

import sys

import torch


def main() -> None:
    left = float(sys.argv[1])
    free, _ = torch.cuda.mem_get_info()
    block = 1 << 28
    held = []
    while free - block > left:
        held.append(torch.empty(block, dtype=torch.uint8, device="cuda"))
        free, _ = torch.cuda.mem_get_info()
    print(f"{free} bytes are free", flush=True)
    sys.stdin.read()


main()
