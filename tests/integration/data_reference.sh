#!/usr/bin/env bash
# docs/data.md: its tables are the reader's own, each key that the adapter reads stands in them, and its
# examples are data without a mistake.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

page=docs/data.md
ends 0 "$program" help data --as markdown
sed -n '/^<!-- lensweep help data/,/^<!-- end/p' "$page" | sed '1d;$d' | diff - "$work/out" ||
    wrong "$page is old: run tests/tools/write_pages"
while read -r key; do
    grep -qF "| \`$key\` |" "$work/out" || wrong "the adapter reads $key, which is in no table"
done < <(grep -oE '"[a-z_0-9]+_(idx|list|tokens|ids)"' src/data/one_to_many.c | tr -d '"' | sort -u)

# examples FILE PATTERN: the lines of the page that are data of a format, without a bad query.
examples() {
    sed -n "s/^    \({\"$2\".*\)/\1/p" "$page" >"$work/$1"
    [ -s "$work/$1" ] || wrong "no example of $2"
    config "$work/c.yaml" "$work/$1" "$work/none" 'name: early, kind: decode'
    ends 0 "$program" plan "$work/c.yaml" --set model.path=tests/fixtures/tiny/model
    has ' 0 of them bad' "$work/out"
}
examples native.jsonl '\(text\|ids\)'
examples towns_1.jsonl query
finish
