#!/usr/bin/env bash
# cmake --install into a prefix with a space in it: the program runs from there.
set -euo pipefail

prefix=$(mktemp -d "${TMPDIR:-/tmp}/in stall.XXXXXX")
trap 'rm -rf "$prefix"' EXIT
cmake --install "$LENSWEEP_BUILD" --prefix "$prefix" >/dev/null
"$prefix/bin/lensweep" --version | grep -q '^lensweep [0-9]'
[ -e "$prefix/share/lensweep/configs/demo.yaml" ]
