#!/usr/bin/env bash
# Gives a toolkit made of NVIDIA's Python packages what a linker looks for: bash scripts/build/finish-cuda-toolkit.sh ROOT, the
# folder of bin/, include/ and lib/. Does nothing to what is there already.
set -euo pipefail
root=$(cd "${1:?usage: bash scripts/build/finish-cuda-toolkit.sh ROOT}" && pwd)

for library in "$root"/lib/lib*.so.*; do
  plain=${library%.so.*}.so
  [ -e "$plain" ] || ln -s "$(basename "$library")" "$plain"
done
[ -e "$root/lib64" ] || ln -s lib "$root/lib64"

# The driver's library belongs to the driver, not to the toolkit: a stand-in with the names of cuda.h, to link against.
# At run time libcuda.so.1 is the driver's.
stub=$root/lib/stubs/libcuda.so
if [ ! -e "$stub" ]; then
  mkdir -p "$root/lib/stubs"
  {
    grep -oE '\bcu[A-Z][A-Za-z0-9_]*\(' "$root/include/cuda.h" | tr -d '('
    grep -oE '\bcu[A-Z][A-Za-z0-9_]*_(v[0-9]+|ptsz|ptds)\b' "$root/include/cuda.h"
  } | sort -u | sed 's/.*/void &(void) {}/' |
    "${CC:-cc}" -shared -fPIC -x c - -Wl,-soname,libcuda.so.1 -o "$stub"
fi
