#!/usr/bin/env bash
# A damaged result file is refused with status 3 and one line by all that reads one: a sector of zeros in a heap
# (in which libhdf5 loops for ever), a changed number, a file that is cut. Without its seal the file is read as it
# stands, which is said; damage then neither hangs nor crashes.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 3 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/output" 'name: decode, kind: decode' \
    'name: zero, kind: ablation, site: head, operation: {kind: zero}'
ends 0 "$program" run "$work/c.yaml" --set run.threads=1
good=$work/output/result.h5 bad=$work/bad.h5
size=$(stat -c %s "$good")
heap=$(grep -abo GCOL "$good" | head -n 1 | cut -d: -f1)

# damage FROM AT N: N bytes of zero at AT in a copy of FROM.
damage() { cp "$1" "$bad" && dd if=/dev/zero of="$bad" bs=1 seek="$2" count="$3" conv=notrunc status=none; }

# refused TEXT: by each command. A timeout only ends what hangs.
refused() {
    for command in summary top "plot -o $work/figures" "export --format csv -o $work/csv" \
        "export --format jsonl -o $work/csv" \
        "export --format authors -o $work/csv" "diff $good"; do
        read -ra words <<<"${command//"$work"/WORK}"
        ends 3 timeout 60 "$program" "${words[@]//WORK/$work}" "$bad" && says "$1"
    done
}

damage "$good" $((heap + 48)) 512 && refused 'is damaged'
damage "$good" $((size / 2)) 1 && printf x | dd of="$bad" bs=1 seek=$((size / 2)) conv=notrunc status=none
refused 'is damaged'
cp "$good" "$bad" && truncate -s $((size / 2)) "$bad" && refused 'bad.h5'

head -c -32 "$good" >"$work/open.h5"
ends 0 "$program" top "$work/open.h5" && says 'has no checksum'
ends 0 "$program" diff "$good" "$work/open.h5" && says 'has no checksum'
damage "$work/open.h5" $((heap + 48)) 512
ends 3 timeout 60 "$program" top "$bad" && says 'is damaged'
for n in 5 20 40; do # headers of objects
    damage "$work/open.h5" $(($(grep -abo OHDR "$good" | sed -n ${n}p | cut -d: -f1) + 8)) 4
    ends 3 timeout 60 "$program" top "$bad" && says 'bad.h5: cannot '
done

# Nor is a ranking read from it.
cp "$good" "$work/keep.h5" && damage "$good" $((heap + 48)) 512 && cp "$bad" "$good"
config "$work/f.yaml" "$work/lands.jsonl" "$work/faith" "name: curve, kind: faithfulness, from: \"$work/output\", groups: [zero]"
"$program" run "$work/f.yaml" >/dev/null 2>"$work/err" && wrong "a ranking of a damaged file"
has 'is damaged'
ends 0 "$program" collect "$work/output"
same "$work/keep.h5" "$good" "made anew from the journal"
finish
