#!/usr/bin/env bash
# docs/config.md is what the program's own tables say.
set -euo pipefail
"$LENSWEEP" help config --as markdown | diff docs/config.md - || {
    echo "docs/config.md is old: run tests/tools/write_pages"
    exit 1
}
