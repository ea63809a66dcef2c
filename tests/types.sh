#!/usr/bin/env bash
# Check the types of all packages with mypy, and that the stubs of compiled modules say what these
# offer. Usage: tests/types.sh PYTHON
#
# mypy finds a module by its folder. So that it knows what crosses the border to the mapping, it is
# shown the packages as they are installed: with mapping/ inside of pynn_bss2sim/.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
python=$(realpath -s "$(command -v "$1")")
tree=build/types
rm -rf "$tree"
mkdir -p "$tree/pynn_bss2sim"
ln -s "$root"/pynn_bss2sim/* "$root/mapping" "$tree/pynn_bss2sim"
cd "$tree"
"$python" -m mypy --config-file "$root/pyproject.toml" --cache-dir "$root/.mypy_cache" pynn_bss2sim
compiled=$(cd pynn_bss2sim/_core && ls ./*.pyi | sed 's|^./\(.*\)\.pyi$|pynn_bss2sim._core.\1|')
# shellcheck disable=SC2086  # one word for each module
"$python" -m mypy.stubtest --mypy-config-file "$root/pyproject.toml" $compiled
