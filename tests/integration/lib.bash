# What the scripts of this folder share: source it, do not run it. It makes the folder $work, which
# goes away at the end, and counts what does not hold; `finish` makes the exit status of it.
# shellcheck shell=bash disable=SC2034

# The folders of the tests have a letter that is not ASCII in their names: pgrep must know it.
case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
*[Uu][Tt][Ff]*) ;;
*) export LC_ALL=C.UTF-8 ;;
esac

set -uo pipefail

root=$PWD
work=$(mktemp -d "${TMPDIR:-/tmp}/lensweep test é.XXXXXX")
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
wrong=0

program=${LENSWEEP:?names the program to test}
read -ra mpirun <<<"${LENSWEEP_MPIRUN:-mpirun}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

models=$root/tests/fixtures/models
small=$models/llama3-sharded-bf16 # 3 layers, 4 heads, 128 tokens, no tokenizer

skip() {
    echo "skip: $*"
    exit 77
}

# long: is more of the same wanted, which takes minutes?
long() { [ -n "${LENSWEEP_LONG:-}" ]; }

wrong() {
    printf 'wrong: %s\n' "$*"
    wrong=$((wrong + 1))
}

finish() {
    [ "$wrong" = 0 ] && exit 0
    echo "$wrong wrong"
    exit 1
}

# ends STATUS COMMAND...: its output goes to $work/out and $work/err.
ends() {
    local status=$1 got=0
    shift
    "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
    [ "$got" = "$status" ] && return
    wrong "status $got, expected $status: ${*/$program/lensweep}"
    tail -n 5 "$work/err"
}

# says TEXT: what the last command said on stderr is one line that holds TEXT.
says() {
    [ "$(wc -l <"$work/err")" = 1 ] || { wrong "not one line on stderr, where '$1' is due" && cat "$work/err"; }
    has "$1"
}

# has TEXT [FILE]
has() {
    local file=${2:-$work/err}
    grep -qF -- "$1" "$file" || { wrong "'$1' is missing from $(basename "$file")" && head -n 20 "$file"; }
}

hasnt() {
    local file=${2:-$work/err}
    if grep -qF -- "$1" "$file"; then wrong "'$1' stands in $(basename "$file")" && head -n 20 "$file"; fi
}

# same FILE FILE WHAT
same() { cmp -s "$1" "$2" || wrong "$3: $(cmp "$1" "$2" 2>&1 | sed "s,$work/,,g")"; }

# reference NAME ARGUMENT...: a program of tests/reference
reference() { "$LENSWEEP_PYTHON" "$root/tests/reference/$1.py" "${@:2}"; }

# queries N [VOCABULARY]: native queries of N items at three steps, ids below 128 or so many, on stdout.
queries() {
    awk -v n="$1" -v ids_n="${2:-128}" '
    function draw(m) { seed = (seed * 1103515245 + 12345) % 2147483648; return int(seed / 65536) % m }
    function list(name, from, len) { return sprintf("\"%s\": [%d, %d]", name, from, from + len) }
    BEGIN {
        seed = 7
        for (item = 0; item < n; item++) {
            m = ids_n - 8
            a[1] = 1 + draw(m); a[2] = 1 + (a[1] + 3) % m; a[3] = 1 + (a[1] + 50) % m; s = 1 + (a[1] + 77) % m
            ids = ""
            for (i = 0; i < 3 + item % 4; i++) ids = ids draw(ids_n) ", "
            at = i; len = 1 + item % 3; ids = ids s
            for (i = 1; i < len; i++) ids = ids ", " draw(ids_n)
            spans = list("subject", at, len) ", " list("relation", 1, 2)
            at += len
            for (step = 1; step <= 3; step++) {
                ids = ids ", " m + 1 + step; at++
                printf "{\"ids\": [%s], \"item\": \"Länd %d\", \"dataset\": \"lands\", \"template\": 1, \"step\": %d, ", ids, item, step
                printf "\"spans\": {%s}, \"targets\": {\"answer_1\": %d, \"answer_2\": %d, \"answer_3\": %d, \"subject\": %d}, ", spans, a[1], a[2], a[3], s
                printf "\"target\": \"answer_%d\"}\n", step
                ids = ids ", " a[step]; spans = spans ", " list("answer_" step, at, 1); at++
            }
        }
    }'
}

# config FILE DATA OUTPUT EXPERIMENT...: a config of the small model.
config() {
    local file=$1 data=$2 output=$3
    shift 3
    printf 'model: {path: "%s"}\ndata: {path: "%s"}\noutput: "%s"\nexperiments:\n' "$small" "$data" "$output" >"$file"
    printf '  - {%s}\n' "$@" >>"$file"
}

ranks() {
    local n=$1
    shift
    "${mpirun[@]}" -n "$n" "$@"
}

# typed WORD...: as lensweep prints them for a shell.
typed() {
    local word line=
    for word; do
        [[ $word =~ ^[a-zA-Z0-9_./+=:,@%-]+$ ]] || word="'$word'"
        line+=" $word"
    done
    printf '%s' "${line# }"
}

# rank N TEXT: the process of that rank whose command line holds TEXT.
rank() {
    local pid
    for pid in $(pgrep -f -- "$2"); do
        grep -qzx "OMPI_COMM_WORLD_RANK=$1" "/proc/$pid/environ" 2>/dev/null && echo "$pid" && return
    done
}

# slow_run OPTION...: a run of two queries and 400 cells, whole in $work/whole; "${slow_command[@]}" makes it in
# $work/cut, and $slow, preloaded, makes its writes so slow that it can be met in the middle.
slow_run() {
    command -v pgrep >/dev/null || skip "no pgrep to find the ranks with"
    slow=${LENSWEEP_BUILD:?}/tests/slurm/slow_write.so
    [ -e "$slow" ] || skip "no library to slow a run with"
    folder=$(mktemp -d)
    trap 'rm -rf "$work" "$folder"' EXIT
    cp "$slow" "$folder" && slow=$folder/slow_write.so # LD_PRELOAD knows no path with a space
    queries 2 >"$work/lands.jsonl"
    config "$work/c.yaml" "$work/lands.jsonl" "$work/whole" 'name: decode, kind: decode' \
        'name: load, kind: noop, cells: 400, values: 4'
    ends 0 "$program" run "$work/c.yaml" --set run.threads=1
    slow_command=(run "$work/c.yaml" --set run.threads=1 "$@" --set "output=$work/cut")
}

# copy_tree: what a build needs of the tree, in $copy.
copy_tree() {
    copy=$work/tree
    mkdir -p "$copy/bench" && : >"$copy/bench/CMakeLists.txt"
    cp -r CMakeLists.txt LICENSE cmake src jobs configs packaging docs "$copy"
}

# block PAGE HEADING N: the N-th block of C under a heading of docs/PAGE.
block() {
    awk -v heading="## $2" -v n="$3" '/^## / {in_section = index($0, heading) == 1}
        in_section && /^```c/ {k++; inside = 1; next} /^```/ {inside = 0} inside && k == n' "docs/$1"
}

# build_copy: $program is then that of $copy.
build_copy() {
    cmake -S "$copy" -B "$work/build" -DCMAKE_BUILD_TYPE=Debug -DLENSWEEP_TESTS=OFF -DLENSWEEP_WERROR=ON >"$work/log" 2>&1
    if ! cmake --build "$work/build" -j 2 >>"$work/log" 2>&1; then
        tail -n 30 "$work/log"
        wrong 'it does not build'
        finish
    fi
    program=$work/build/lensweep
}
