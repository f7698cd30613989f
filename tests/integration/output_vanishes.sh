#!/usr/bin/env bash
# An output folder that cannot be written, or that goes away in the middle of a run: exit status 3 and one
# line of error, never half a result; with the folder there again the same command ends well.
if [ "${1:-}" != mounted ] && [ "$(id -u)" = 0 ]; then
    exec unshare -m bash "$0" mounted
fi
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

cp -rL "$small" "$work/model" && chmod -R a+rX "$work/model" # for another user too
small=$work/model
queries 2 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/whole" 'name: decode, kind: decode' \
    'name: load, kind: noop, cells: 8000, values: 4'
arguments=(run "$work/c.yaml" --set run.threads=1 --set output="$work/disk/output")
limit=(timeout -s KILL 60)
run=("${limit[@]}" "$program" "${arguments[@]}")
ends 0 "$program" run "$work/c.yaml"
[ "$wrong" = 0 ] || finish
mkdir "$work/disk"

# one_line TEXT: the last line of stderr is the only one of error, and holds TEXT.
one_line() {
    [ "$(grep -c '^lensweep: ' "$work/err")" = 1 ] || { wrong "not one line of error" && cat "$work/err"; }
    tail -n 1 "$work/err" | grep -q "^lensweep: .*$1" || { wrong "'$1' is missing from the last line" && cat "$work/err"; }
}

# midway COMMAND...: does that when the journal of a run in the background has grown; the run's exit status must be 3.
midway() {
    local job status=0
    rm -rf "$work/disk/output"
    "$@" </dev/null >"$work/out" 2>"$work/err" &
    job=$!
    until [ "$(cat "$work/disk/output/journal/"0* 2>/dev/null | wc -c)" -gt 300000 ]; do
        kill -0 $job 2>/dev/null || { wrong "the run was over too early" && return; }
        sleep 0.01
    done
    vanish
    wait $job || status=$?
    [ "$status" = 3 ] || wrong "status $status, expected 3"
}

# The folder is removed, also of three ranks.
vanish() { rm -rf "$work/disk/output"; }
midway "${run[@]}"
one_line 'was removed while it was written'
midway "${limit[@]}" "${mpirun[@]}" -n 3 "$program" "${arguments[@]}"
one_line 'was removed while it was written'
ends 0 "${run[@]}"
same "$work/whole/result.h5" "$work/disk/output/result.h5" "after the folder was removed"

# What is not ours to write, as another user than root.
other=("${run[@]}")
if [ "$(id -u)" = 0 ]; then
    command -v setpriv >/dev/null || skip "an unwritable folder: no setpriv"
    chmod 755 "$work" && cp "$program" "$work/lensweep"
    other=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$work" "${limit[@]}" "$work/lensweep" "${arguments[@]}")
fi
rm -rf "$work/disk/output"
chmod 555 "$work/disk"
ends 3 "${other[@]}" && says "disk/output: Permission denied"
for name in . journal; do
    rm -rf "$work/disk/output" && mkdir -p "$work/disk/output/journal"
    chmod 777 "$work/disk/output" "$work/disk/output/journal" && chmod 555 "$work/disk/output/$name"
    ends 3 "${other[@]}" && one_line 'Permission denied'
    [ ! -e "$work/disk/output/result.h5" ] || wrong "a result"
done
[ "${1:-}" = mounted ] || finish # only root can mount

# File systems that are read-only from the start, or are taken away.
rm -rf "$work/disk/output"
mount -t tmpfs -o ro lensweep "$work/disk" 2>/dev/null || skip "a file system that vanishes: cannot mount one"
trap 'umount -l "$work/disk" 2>/dev/null; rm -rf "$work"' EXIT
ends 3 "${run[@]}" && says 'Read-only file system'
mount -o remount,rw "$work/disk"
vanish() { umount -l "$work/disk"; }
midway "${run[@]}"
one_line 'No such file or directory'
[ -z "$(ls -A "$work/disk")" ] || wrong "something was written where the file system had been"
ends 0 "${run[@]}"
same "$work/whole/result.h5" "$work/disk/output/result.h5" "after the file system vanished"
finish
