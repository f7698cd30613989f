#!/usr/bin/env bash
# docs/config.md is what the program's own tables say.
set -euo pipefail
"$LENSWEEP" help config --markdown | diff docs/config.md - || {
    echo "docs/config.md is old: lensweep help config --markdown > docs/config.md"
    exit 1
}
