#!/usr/bin/env bash
# An output directory that cannot be made or written, or standard output that is full: exit status 3, one
# line, and never half a result.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 4 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/output" 'name: decode, kind: decode' 'name: load, kind: noop, cells: 500'
: >"$work/file"

ends 3 "$program" run "$work/c.yaml" --set output="$work/file" && says 'file'
ends 3 "$program" run "$work/c.yaml" --set output="$work/file/below" && says 'file'
ends 3 "$program" run "$work/c.yaml" --set output=/proc/lensweep && says '/proc/lensweep'
mkdir -p "$work/taken/result.h5"
ends 3 "$program" run "$work/c.yaml" --set output="$work/taken" && has 'result.h5'

# A task of srun that is a job of its own, with no MPI between it and the others, says its errors, whatever its number.
mkdir "$work/task" && : >"$work/task/config.yaml"
for task in 0 2; do
    ends 2 env SLURM_PROCID=$task SLURM_NTASKS=4 "$program" run "$work/c.yaml" --set output="$work/task" && says 'would be overwritten'
done

# What is printed does not get lost in silence.
for command in 'help config' --version "inspect $small" "plan $work/c.yaml" "logits $small --ids 1"; do
    words=("${command%% *}")
    [ "$command" = "${command#* }" ] || words+=("${command#* }")
    case $command in
    logits*) words=(logits "$small" --ids 1) ;;
    esac
    got=0
    "$program" "${words[@]}" >/dev/full 2>"$work/err" || got=$?
    [ "$got" = 3 ] || wrong "status $got with a full disk: ${words[0]}"
    says 'standard output'
done
got=0
"$program" run "$work/c.yaml" >/dev/full 2>"$work/err" || got=$?
[ "$got" = 3 ] || wrong "status $got with a full disk: run"
[ -s "$work/output/result.h5" ] || wrong "no result.h5, since the table could not be printed"
# Nor where it is closed: then no other file takes its number, and is written to.
cp -r "$small" "$work/model"
got=0
"$program" logits "$work/model" --ids '1 2' --npy /dev/stdout >&- 2>"$work/err" || got=$?
[ "$got" = 3 ] || wrong "status $got with standard output closed"
says 'standard output'
"$program" logits "$work/model" --ids '1 2' --npy /dev/stderr >"$work/out" 2>&- <&- || wrong 'not done, with standard error closed'
for file in "$small"/*; do same "$file" "$work/model/$(basename "$file")" 'a file of the model'; done
ends 3 "$program" logits "$small" --ids "1 2" --npy "$work/no/such.npy" && says 'such.npy'

# Nor is a device or a pipe replaced by a file: as root, collect -o /dev/null took the system's own away.
mkfifo "$work/pipe"
ends 3 "$program" collect "$work/output" -o "$work/pipe" && says 'pipe is not a regular file, expected a file'
[ -p "$work/pipe" ] || wrong 'a pipe was replaced by a file'

# What stands there and is not a run's is not overwritten: the config itself, with `output: .`, least of all.
mkdir "$work/own"
sed "s|^output: .*|output: .|" "$work/c.yaml" >"$work/own/config.yaml"
cp "$work/own/config.yaml" "$work/keep.yaml"
(cd "$work/own" && ends 2 "$program" run config.yaml --set run.threads=1 && says './config.yaml would be overwritten' && finish) || wrong 'a config in its output'
same "$work/keep.yaml" "$work/own/config.yaml" 'the config that was read'
finish
