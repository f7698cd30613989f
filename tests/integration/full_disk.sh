#!/usr/bin/env bash
# A disk that fills up, early or late in a run: exit status 3, one line, no half result; with room
# again the same command ends well. The disk is a tmpfs in a mount namespace of the test's own.
if [ "${1:-}" != mounted ] && [ "$(id -u)" = 0 ]; then
    exec unshare -m bash "$0" mounted
fi
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ "${1:-}" = mounted ] || skip "a full disk: only root can mount a small one"
mkdir "$work/disk"
mount -t tmpfs -o size=16m lensweep "$work/disk" 2>/dev/null || skip "a full disk: cannot mount a small one"
trap 'umount "$work/disk" 2>/dev/null; rm -rf "$work"' EXIT
queries 4 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/roomy" 'name: decode, kind: decode' \
    'name: load, kind: noop, cells: 500, values: 40'
ends 0 "$program" run "$work/c.yaml"
[ "$wrong" = 0 ] || finish
need=$(du -sk "$work/roomy" | cut -f1)

for size in 8 $((need / 4)) $((need * 3 / 4)) $((need - 40)); do
    umount "$work/disk"
    mount -t tmpfs -o size=${size}k lensweep "$work/disk"
    ends 3 "$program" run "$work/c.yaml" --set output="$work/disk/output"
    has 'No space left'
    ends 3 ranks 3 "$program" run "$work/c.yaml" --set output="$work/disk/output"
    [ ! -e "$work/disk/output/result.h5" ] || wrong "half a result on a disk of $size KiB"
    find "$work/disk" -name '*.tmp*' | grep . && wrong "a temporary file is left behind"
done
mount -o remount,size=16m "$work/disk"
ends 0 "$program" run "$work/c.yaml" --set output="$work/disk/output"
has 'of them from earlier starts'
same "$work/roomy/result.h5" "$work/disk/output/result.h5" "resumed after a full disk"

# gnuplot does not say that the disk was full.
if command -v gnuplot >/dev/null; then
    umount "$work/disk"
    mount -t tmpfs -o size=40k lensweep "$work/disk"
    ends 3 "$program" plot "$work/roomy" --format svg -o "$work/disk/figures"
    for picture in "$work/disk/figures"/*.svg; do
        [ ! -e "$picture" ] || grep -q '</svg>' "$picture" || wrong "$(basename "$picture") is cut off"
    done
fi
finish
