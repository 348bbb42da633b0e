#!/usr/bin/env bash
# Builds with CUDA and measures on a GPU machine that starts bare: no network, but a CUDA toolkit, cmake, ninja and a Python
# with PyTorch and transformers. Unpack the archive of bench/gpu/gpu-pack.sh there and run, from anywhere:
#
#   bash gpu-bench/inform-score/bench/gpu/gpu.sh [--out FILE] [--models FOLDER] [--minutes N] [--only ID,ID] [--again] [--tiny]
#
# --out       results, one JSON line a step, written as each step ends (default gpu-results.jsonl here). A run may be cut off
#             at any point; the next one with the same file builds nothing twice and goes on with what is missing.
# --models    for models of up to 60 GB (default: /dev/shm where it has the room, else gpu-models beside the archive's folder)
# --minutes   for measuring, after the build (default 30)
# --only      steps to run; --again: also those that have a result
# --tiny      small models on the CPU and no CUDA: proves on any machine that the script runs, measures nothing
set -euo pipefail
app=$(cd "$(dirname "$0")/../.." && pwd)
root=$(dirname "$app")
out=$PWD/gpu-results.jsonl
models=
tiny=0
pass=()
while [ $# -gt 0 ]; do
  case "$1" in
    --out) out=$(realpath -m "$2"); shift 2 ;;
    --models) models=$(realpath -m "$2"); shift 2 ;;
    --minutes | --only) pass+=("$1" "$2"); shift 2 ;;
    --again) pass+=("$1"); shift ;;
    --tiny | --dry-run) tiny=1; pass+=(--tiny); shift ;;
    *) echo "bench/gpu/gpu.sh does not know $1; its first lines say what it takes." >&2; exit 2 ;;
  esac
done
if [ -z "$models" ]; then
  models=$root/gpu-models
  free=$(df -k --output=avail /dev/shm 2>/dev/null | tail -1 || echo 0)
  if [ "$tiny" = 0 ] && [ "${free:-0}" -gt $((60 * 1024 * 1024)) ]; then models=/dev/shm/inform-gpu-models; fi
fi
export PATH=$root:$PATH # node
python=${INFORM_BENCH_PYTHON:-python3}
build=$root/build
mkdir -p "$build" "$(dirname "$out")"

say() { echo "gpu.sh: $* ($(date +%H:%M:%S))" >&2; }
record() { printf '%s\n' "$1" >>"$out"; }

# The toolkit, made whole: where nvcc came from a Python package, cuBLAS and others lie in PyTorch's folders.
toolkit() {
  local nvcc source merged=$build/toolkit
  nvcc=${CUDACXX:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
  [ -x "$nvcc" ] || { echo "gpu.sh: there is no nvcc; install the CUDA toolkit or set CUDACXX." >&2; return 1; }
  # A wrapper script on the PATH says where it leads.
  source=$("$nvcc" -v --dryrun /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p' | head -1)
  source=$(realpath "${source:-$(dirname "$(realpath "$nvcc")")/..}")
  if [ -e "$source/include/cublas_v2.h" ] && ls "$source"/lib64/libcublas.so >/dev/null 2>&1; then
    echo "$source"
    return
  fi
  rm -rf "$merged"
  mkdir -p "$merged/include" "$merged/lib"
  cp -rs "$source/bin" "$source/nvvm" "$merged"
  local site
  site=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
  for folder in "$source" "$site"/nvidia/cu1[23] "$site"/nvidia/*; do
    if [ -d "$folder/include" ]; then cp -rsn "$(realpath "$folder/include")/." "$merged/include" 2>/dev/null || true; fi
    if [ -d "$folder/lib" ]; then cp -rsn "$(realpath "$folder/lib")/." "$merged/lib" 2>/dev/null || true; fi
  done
  bash "$app/scripts/build/finish-cuda-toolkit.sh" "$merged"
  echo "$merged"
}

# What a packed build (gpu-pack.sh --built) needs at run time: CUDA's libraries, the toolkit's or PyTorch's.
libraries() {
  local site
  site=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
  for folder in /usr/local/cuda/lib64 "$site"/nvidia/cu1[23]/lib "$site"/nvidia/*/lib; do
    if [ -d "$folder" ]; then printf '%s:' "$folder"; fi
  done
}

start=$SECONDS
cuda=(-DINFORM_BACKENDS=cpu)
if [ "$tiny" = 0 ]; then
  if [ -e "$app/build/Release/libggml-cuda.so" ] && [ ! -e "$build/cmake" ]; then
    export LD_LIBRARY_PATH=$(libraries)${LD_LIBRARY_PATH:-}
  else
    tools=$(toolkit)
    # nvcc finds its headers beside itself, so it is called where they were put together.
    export CUDACXX=$tools/bin/nvcc CUDAToolkit_ROOT=$tools
    # cmake itself has to be new enough for the language; the card's own architecture and no other.
    cuda=(-DINFORM_BACKENDS=cpu,cuda)
    export LD_LIBRARY_PATH=$tools/lib64:$tools/lib:${LD_LIBRARY_PATH:-}
  fi
fi
generator=()
if command -v ninja >/dev/null; then generator=(-G Ninja); fi
include=$app/node_modules/node-api-headers/include\;$app/node_modules/node-addon-api
if [ -e "$build/done" ]; then
  say "built already"
else
  say "building"
  cmake "${generator[@]}" -S "$app" -B "$build/cmake" "${cuda[@]}" -DCMAKE_BUILD_TYPE=Release \
    -DINFORM_LLAMA_SOURCE="${INFORM_LLAMA_CPP_DIR:-$root/llama.cpp}" -DINFORM_BENCH_PEERS=ON -DINFORM_OUTPUT_DIR="$app/build/Release" \
    -DINFORM_NODE_API="$include" >"$build/configure.log" 2>&1 ||
    { tail -40 "$build/configure.log" >&2; record '{"step":"build","ok":false,"reason":"configure failed"}'; exit 1; }
  cmake --build "$build/cmake" --parallel "${JOBS:-$(nproc)}" --target inform_score llama-bench >"$build/build.log" 2>&1 ||
    { tail -40 "$build/build.log" >&2; record '{"step":"build","ok":false,"reason":"compiling failed"}'; exit 1; }
  touch "$build/done"
  record "{\"step\":\"build\",\"ok\":true,\"seconds\":$((SECONDS - start)),\"cores\":$(nproc),\"tiny\":$([ "$tiny" = 1 ] && echo true || echo false)}"
fi
say "measuring; results go to $out"
bench=$(find "$app/build/Release" "$build" -name llama-bench -type f -perm -u+x | head -1)
exec node "$app/dist-dev/bench/gpu/gpu.js" --out "$out" --models "$models" --llama-bench "$bench" --python "$python" "${pass[@]}"
