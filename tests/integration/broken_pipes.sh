#!/usr/bin/env bash
# Output whose reader is gone is an error (status 3, one line), and --npy writes into what is there:
# a FIFO or a device is not replaced by a file.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

# The reader is gone before anything is written.
closed() {
    local got=0
    exec 3> >(exit)
    wait $!
    "$program" "$@" >&3 2>"$work/err" || got=$?
    exec 3>&-
    [ $got = 3 ] || wrong "status $got with a closed pipe: $*"
    says 'standard output'
}
closed help config
closed --version
closed inspect "$small"
mkfifo "$work/fifo"
timeout 60 cat "$work/fifo" >"$work/copy" &
ends 0 "$program" logits "$small" --ids "1 2" --npy "$work/fifo"
[ -p "$work/fifo" ] || wrong "--npy replaced a FIFO by a file"
: >"$work/there" && ln -s there "$work/link"
ends 0 "$program" logits "$small" --ids "1 2" --npy "$work/link"
[ -L "$work/link" ] || wrong "--npy replaced a symbolic link by a file"
finish
