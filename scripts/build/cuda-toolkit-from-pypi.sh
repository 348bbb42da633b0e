#!/usr/bin/env bash
# Makes a CUDA toolkit that is complete enough for `npm run build -- --cuda` out of NVIDIA's own Python packages, without
# root and without the 8 GB installer: bash scripts/build/cuda-toolkit-from-pypi.sh DIR. Linux; needs pip and a C compiler.
# The packages come under NVIDIA's licence, each with its text in DIR.
set -euo pipefail

target=${1:?usage: bash scripts/build/cuda-toolkit-from-pypi.sh DIR}
# One CUDA release: compiler, its headers and back end, the C++ library, the runtime, and the matrix library.
packages=(
  nvidia-cuda-nvcc==13.0.88
  nvidia-cuda-crt==13.0.88
  nvidia-nvvm==13.0.88
  nvidia-cuda-cccl==13.0.85
  nvidia-cuda-runtime==13.0.96
  nvidia-cublas==13.0.2.14
)
python3 -m pip install --quiet --no-deps --upgrade --target "$target" "${packages[@]}"

root=$(cd "$target/nvidia/cu13" && pwd)
bash "$(dirname "$0")/finish-cuda-toolkit.sh" "$root"

echo "The toolkit is ready. Build with: CUDACXX=$root/bin/nvcc CUDAToolkit_ROOT=$root npm run build -- --cuda" >&2
