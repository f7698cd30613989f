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

# gnuplot does not look whether it could write: a picture that the disk cut off is neither announced nor left.
command -v gnuplot >/dev/null || finish
config "$work/c.yaml" "$work/lands.jsonl" "$work/drawn" 'name: zero, kind: ablation, site: head, operation: {kind: zero}'
ends 0 "$program" run "$work/c.yaml" --set run.threads=1
ends 0 "$program" plot "$work/drawn" --format svg -o "$work/whole"
cut=0
for room in {4..64..4}; do
    umount "$work/disk"
    mount -t tmpfs -o "size=${room}k" lensweep "$work/disk"
    got=0
    "$program" plot "$work/drawn" --format svg -o "$work/disk" >"$work/out" 2>"$work/err" || got=$?
    for picture in "$work/disk"/*.svg; do
        [ ! -e "$picture" ] || same "$work/whole/$(basename "$picture")" "$picture" "a picture with $room KiB of room"
    done
    [ "$got" = 0 ] && continue
    [ "$got" = 3 ] || wrong "status $got of plot with $room KiB of room"
    grep -q 'what gnuplot drew is cut off' "$work/err" && cut=$((cut + 1)) && says 'cut off'
    hasnt '.svg' "$work/out"
done
[ "$cut" -gt 0 ] || wrong 'no picture was cut off by the disk'
# The page is drawn in the temporary folder, and is not written with half a picture in it.
umount "$work/disk"
mount -t tmpfs -o size=32k lensweep "$work/disk"
ends 3 env TMPDIR="$work/disk" "$program" report "$work/drawn" -o "$work/page.html"
[ ! -e "$work/page.html" ] || wrong 'a page was written though its pictures were not'
finish
