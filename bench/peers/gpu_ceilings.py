"""What the card can do at most, through PyTorch: python gpu_ceilings.py DEVICE, cuda or cpu.

Prints one JSON line: a bf16 matrix product on random data in TFLOP/s, and copies in GB/s (device to device counts bytes
read and written; host to device from pinned and from pageable memory). Medians.
"""

import json
import statistics
import sys
import time

import torch

REPEATS = 10


def seconds(work, device: str) -> float:
    def once() -> float:
        if device == "cuda":
            torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    for _ in range(3):
        once()
    return statistics.median(once() for _ in range(REPEATS))


def main() -> None:
    device = sys.argv[1]
    cuda = device == "cuda"
    size = 8192 if cuda else 512
    a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    result = {"bf16Tflops": 2 * size**3 / seconds(lambda: a @ b, device) / 1e12}
    numbers = (1 << 31 if cuda else 1 << 24) // 4
    source = torch.randn(numbers, device=device)
    target = torch.empty_like(source)
    result["deviceCopyGBs"] = 2 * source.nbytes / seconds(lambda: target.copy_(source), device) / 1e9
    if cuda:
        pageable = torch.randn(numbers // 2)
        pinned = pageable.pin_memory()
        half = target[: numbers // 2]
        for name, host in (("pinnedToDeviceGBs", pinned), ("pageableToDeviceGBs", pageable)):
            result[name] = host.nbytes / seconds(lambda host=host: half.copy_(host, non_blocking=True), device) / 1e9
        result["device"] = torch.cuda.get_device_name()
    result["torch"] = torch.__version__
    print(json.dumps(result))


main()
