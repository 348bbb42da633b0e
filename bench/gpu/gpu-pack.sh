#!/usr/bin/env bash
# Packs all that bench/gpu/gpu.sh needs on a machine without a network into one archive of less than 64 MB:
#
#   bash bench/gpu/gpu-pack.sh [--built FOLDER] [ARCHIVE]        default: build/gpu-bench.tar.gz
#
# The node binary, this package as it is compiled here, the npm packages it runs with, llama.cpp's patched source without
# what a build does not read, and the data. Run it on Linux in a clone that is built (npm run build); the archive is for
# Linux on the same kind of processor.
#
# --built     the addon, its libraries, the CUDA module and llama-bench, built here into that folder (docs/gpu.md says how):
#             they go in place of the source, and nothing is compiled on the GPU machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
built=
if [ "${1:-}" = --built ]; then built=$(realpath "$2"); shift 2; fi
archive=$(realpath -m "${1:-build/gpu-bench.tar.gz}")
limit=$((64 * 1000 * 1000))

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/gpu-bench
app=$root/inform-score
mkdir -p "$app" "$root/shared/data"

node_modules/.bin/tsc -b
cp CMakeLists.txt package.json LICENSE NOTICE.md "$app"
cp -r cmake native scripts examples dist dist-dev bench "$app"
# Of the tests only what makes checkpoints of random weights.
find "$app/dist-dev/test" -mindepth 1 -maxdepth 1 ! -name support -exec rm -rf {} +

# What the program itself imports; the build tools are not among it.
mkdir -p "$app/node_modules"
for package in $(npm ls --omit=dev --all --parseable | sed -n "s|^$PWD/node_modules/||p"); do
  case "$package" in
    typescript*) continue ;;
  esac
  mkdir -p "$app/node_modules/$(dirname "$package")"
  cp -r "node_modules/$package" "$app/node_modules/$package"
done

if [ -n "$built" ]; then
  mkdir -p "$app/build" "$root/build"
  cp -r "$built" "$app/build/Release"
  touch "$root/build/done" # what gpu.sh looks for
else
  llama=$(node scripts/build/llama-source.mjs)
  mkdir -p "$root/llama.cpp/models/templates" "$root/llama.cpp/tools"
  cp "$llama"/CMakeLists.txt "$llama/LICENSE" "$root/llama.cpp"
  for part in cmake common ggml include src vendor; do cp -r "$llama/$part" "$root/llama.cpp"; done
  cp -r "$llama/tools/llama-bench" "$root/llama.cpp/tools"
  # The list of all programs, shortened to the one that is built.
  echo 'add_subdirectory(llama-bench)' >"$root/llama.cpp/tools/CMakeLists.txt"
  for list in examples pocs; do
    mkdir "$root/llama.cpp/$list"
    touch "$root/llama.cpp/$list/CMakeLists.txt"
  done
  # Backends for hardware that is not measured here.
  for backend in ggml-sycl ggml-vulkan ggml-opencl ggml-webgpu ggml-cann ggml-hexagon ggml-metal ggml-openvino ggml-et; do
    rm -rf "$root/llama.cpp/ggml/src/$backend"
  done
  cp "$llama/models/ggml-vocab-llama-bpe.gguf" "$root/llama.cpp/models"
  cp "$llama/models/templates/meta-llama-Llama-3.1-8B-Instruct.jinja" "$root/llama.cpp/models/templates"
fi

cp "$(command -v node)" "$root/node"
strip "$root/node" 2>/dev/null || true

# The complete sets where they lie beside the clone; bench/data has excerpts.
for set in sft-805 best-of-8 pairs-200; do
  for data in "$PWD/../shared/data" "$PWD/bench/data"; do
    if [ -e "$data/$set.jsonl" ]; then
      cp "$data/$set.jsonl" "$root/shared/data"
      break
    fi
  done
done

mkdir -p "$(dirname "$archive")"
tar -C "$work" -cf - gpu-bench | gzip -9 >"$archive"
bytes=$(stat -c %s "$archive")
du -sh "$root"/* "$app"/* | sort -h | tail -8 >&2
echo "$archive: $((bytes / 1000 / 1000)) MB" >&2
if [ "$bytes" -ge "$limit" ]; then
  echo "The archive is larger than 64 MB." >&2
  exit 1
fi
echo "On the GPU machine: tar xzf $(basename "$archive") && bash gpu-bench/inform-score/bench/gpu/gpu.sh" >&2
