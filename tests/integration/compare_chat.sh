#!/usr/bin/env bash
# Chat templates give what jinja2 gives, set up as transformers sets it up. LENSWEEP_TEMPLATES: a folder of
# models' own templates (*.jinja), compared as well.
set -euo pipefail

render="$LENSWEEP_BUILD/tests/render_chat"
if [ -z "${LENSWEEP_PYTHON:-}" ]; then
    echo "skip: no Python with the packages of requirements.txt"
    exit 77
fi
"$LENSWEEP_PYTHON" tests/compare_chat.py "$render"
for file in "${LENSWEEP_TEMPLATES:-/nonexistent}"/*.jinja; do
    [ ! -e "$file" ] || "$LENSWEEP_PYTHON" tests/compare_chat.py "$render" "$file"
done
