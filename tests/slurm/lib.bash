# What the scripts of this folder share: source it, do not run it. It starts the script again on the
# head node of a testbed, with the integration tests' helpers and those below.
# shellcheck shell=bash disable=SC2034

# Too long is a failure; and whoever kills this one, by whatever signal, leaves nothing behind.
[ -n "${LENSWEEP_LAB:-}" ] || exec timeout --foreground -s KILL -k 1 300 \
    setpriv --pdeathsig KILL tests/slurm/testbed bash "$0" "$@"

private=$TMPDIR
TMPDIR=$LENSWEEP_LAB # $work is to be seen by all nodes
# shellcheck source=SCRIPTDIR/../integration/lib.bash
. tests/integration/lib.bash
export TMPDIR=$private

# Ranks of a testbed share the cores of one machine, and root starts them.
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMPI_MCA_rmaps_base_oversubscribe=1 OMP_WAIT_POLICY=passive

# A config of SECONDS of work, most of it units that do nothing but wait (tools/slow_write.c), and
# the program that lets them. The undisturbed run is by one rank and does not wait.
long_run() {
    local cells=$(($1 * 1000 / 18)) # 18 queries, a millisecond a unit
    cat >"$work/c.yaml" <<END
model: {path: "$root/tests/fixtures/tiny/model"}
data: {path: "$root/tests/fixtures/tiny/queries.jsonl"}
output: "$work/run"
experiments:
  - {name: decode, kind: decode}
  - {name: cut, kind: knockout, sets: [subject, answer_1, answer_2, last]}
  - {name: load, kind: noop, cells: $cells, values: 4}
END
    cp "$LENSWEEP_BUILD/tests/slurm/slow_write.so" "$LENSWEEP_LAB" # LD_PRELOAD is split at spaces
    printf '#!/bin/sh\nLENSWEEP_SLOW_WRITE=1000 LD_PRELOAD=%s exec "%s" "$@"\n' \
        "$LENSWEEP_LAB/slow_write.so" "$program" >"$work/slow"
    chmod +x "$work/slow"
    ends 0 "$program" run "$work/c.yaml" --set output="$work/whole"
    [ "$wrong" = 0 ] || finish
}

# submit SCRIPT SIZE [OPTION...]: edits the three lines of jobs/SCRIPT, as a user would, and submits
# it. Sets $job, and $log, where it writes to.
submit() {
    local name=${1%.sbatch} size=$2 last="config=\"$work/c.yaml\""
    shift 2
    log=$work/$name.log
    [ "$name" != collect ] || last="output=\"$work/run\""
    awk -v one="#SBATCH $size" -v two="lensweep=\"$work/slow\"" -v three="$last" '
        edit { print edit == 1 ? one : edit == 2 ? two : three; edit = 0; edits++; next }
        /^# EDIT [123]:/ { edit = $3 + 0 }
        { print }
        END { exit edits != 3 }' \
        "jobs/$name.sbatch" >"$work/$name.sbatch" || wrong "jobs/$name.sbatch: not three lines to edit"
    job=$(sbatch --parsable --output="$log" "$@" "$work/$name.sbatch") || wrong "sbatch $name.sbatch"
}

# property JOB NAME: of `scontrol show job`, such as JobState or Restarts.
property() { scontrol -o show job "$1" | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1; }

# await JOB STATE SECONDS
await() {
    local state= tries
    for ((tries = 0; tries < $3 * 5; tries++)); do
        state=$(property "$1" JobState)
        case $state in
        "$2") return 0 ;;
        COMPLETED | FAILED | CANCELLED | TIMEOUT) break ;;
        esac
        sleep 0.2
    done
    wrong "job $1 is $state (exit status $(property "$1" ExitCode)), not $2, after $((tries / 5)) s"
    tail -n 60 "$work"/*.log
    grep JobId= "$LENSWEEP_LAB/log/slurmctld" | tail -n 30
    return 1
}

# grown BYTES: waits until the journal has grown by so many.
grown() {
    local at tries
    at=$(journal_bytes)
    for ((tries = 0; tries < 600; tries++)); do
        [ "$(journal_bytes)" -lt $((at + $1)) ] || return 0
        sleep 0.1
    done
    wrong "the journal does not grow"
}
journal_bytes() { cat "$work/run/journal/"* 2>/dev/null | wc -c; }

# restarted TIMES: $job started again at least so often.
restarted() {
    local times
    times=$(property "$job" Restarts)
    [ "$times" -ge "$1" ] || wrong "job $job started again $times times, not $1"
    echo "started again: $times"
}

# undisturbed WHAT: the result has the bytes of the undisturbed run.
undisturbed() { same "$work/whole/result.h5" "$work/run/result.h5" "$1"; }

# lose NODE: as a power cut does.
lose() {
    kill -9 "$(cat "$LENSWEEP_LAB/$1.pid")"
    echo "lost $1 after $(journal_bytes) bytes of the journal"
}
