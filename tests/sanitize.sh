#!/usr/bin/env bash
# Build the core with address and undefined-behaviour sanitizers in a folder of its own and run its
# unit tests there. Usage: tests/sanitize.sh PYTHON [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(realpath -s "$1")
out=build/sanitized
rm -rf "$out"
mkdir -p "$out/source"
# a copy, so that no later build finds sanitized objects beside its sources
cp -r setup.py pyproject.toml README.md LICENSE MANIFEST.in pynn_bss2sim mapping "$out/source"
rm -f "$out"/source/pynn_bss2sim/_core/*.so
find "$out/source/pynn_bss2sim/_core" -name "*.c" ! -name "kernels_*" -delete  # what Cython made
BSS2SIM_SANITIZE=address,undefined "$python" -m pip install --quiet --no-deps \
    --target "$out/lib" "$out/source"
# Python itself is not sanitized: the runtime is preloaded, and its many static objects are no leaks
sanitized() {
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" \
        ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1 \
        PYTHONPATH="$PWD/$out/lib" BSS2SIM_EXPECT_CORE="$PWD/$out/lib" \
        "$python" -P -m pytest -q -n auto --dist worksteal -p no:cacheprovider tests/unit/core "$@"
}
# every object of Python in a piece of memory of its own: slow where the NumPy twin makes millions
PYTHONMALLOC=malloc sanitized -k "not twin" "${@:2}"
sanitized -k twin "${@:2}"
