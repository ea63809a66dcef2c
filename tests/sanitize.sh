#!/usr/bin/env bash
# Build the core with address and undefined-behaviour sanitizers into a folder of its own and run
# its unit tests there. Usage: tests/sanitize.sh PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(realpath -s "$1")
out=build/sanitized
rm -rf "$out"
mkdir -p "$out"
BSS2SIM_SANITIZE=address,undefined "$python" setup.py -q build --build-base "$out/tmp" \
    --build-lib "$out/lib" > "$out/build.log" 2>&1 || { cat "$out/build.log"; exit 1; }
# Python itself is not sanitized: the runtime is preloaded, and its many static objects are no leaks
LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
    PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1 \
    PYTHONPATH="$PWD/$out/lib" BSS2SIM_EXPECT_CORE="$PWD/$out/lib" \
    "$python" -P -m pytest -q -p no:cacheprovider tests/unit/core "${@:2}"
