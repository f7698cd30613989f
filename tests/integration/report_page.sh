#!/usr/bin/env bash
# `lensweep report`: one HTML page that is valid, fetches nothing, and has what the result has, whatever names the
# data gives to things; with and without gnuplot.
. tests/integration/lib.bash
[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python"
mkdir "$work/tmp" && export TMPDIR=$work/tmp # other tests make reports as well

queries 8 | sed 's/Länd 3/<b>\&amp; \\"Länd\\" 3/; s/"dataset": "lands"/"dataset": "<lands> \& \\u0007"/' >"$work/lands.jsonl"
printf '{"ids": [500], "targets": {"answer_1": 3}, "item": "bad"}\n' >>"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/r" 'name: decode, kind: decode, top: 4' \
    'name: cut, kind: knockout, sets: [subject, last, random_subject]' \
    'name: zero, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, kl]'
ends 0 "$program" run "$work/c.yaml" --set run.threads=1
has 'next: lensweep report ' "$work/out"

check() { "$LENSWEEP_PYTHON" tests/check_page.py "$@" >"$work/said" || { wrong "the page" && cat "$work/said"; }; }
words=('What was asked' 'Is the model right?' 'What stands out' 'Findings' 'What was left out' 'Self-check of the run'
    'Provenance' 'How to cite' 'The model is right in 0 of' 'outside the vocabulary' 'queries have among their 4 strongest' '<b>&amp; "Länd" 3'
    'zero: what changes with head outputs set to zero' "$(basename "$small")")

PATH=$work ends 0 "$program" report "$work/r"
has 'gnuplot is not installed'
check "$work/r/report.html" "${words[@]}" 'Figures are missing'
has '<p class="note">  step 1 has too few items' "$work/r/report.html" # a sentence of its own
! grep '<p class="note">' "$work/r/report.html" | grep -qv '</p>$' || wrong "a note is broken into lines"
! grep -qE '^ *[^<]*</p>' "$work/r/report.html" || wrong "a paragraph ends on another line than it began"
hasnt "${work##*/}" "$work/r/report.html" # where things lie is nobody else's
if command -v gnuplot >/dev/null; then
    ends 0 "$program" report "$work/r" -o "$work/page.html" --layers-from 1
    check "$work/page.html" "${words[@]}" 'layers count from 1'
    [ "$(grep -c '<figure>' "$work/page.html")" -ge 6 ] || wrong "too few figures: $(cat "$work/out")"
    cp "$work/page.html" "$work/first.html"
    ends 0 "$program" report "$work/r" -o "$work/page.html" --layers-from 1
    same "$work/page.html" "$work/first.html" "two pages of one result differ"
fi
[ -z "$(ls -A "$TMPDIR")" ] || wrong "a folder is left behind"
if command -v gnuplot >/dev/null; then # of one that is killed, the next one takes away what is left
    "$program" report "$work/r" -o "$work/page.html" >"$work/out" 2>"$work/err" &
    until [ -n "$(ls -A "$TMPDIR")" ] || ! kill -0 $!; do :; done 2>/dev/null
    { kill -KILL $! && wait $!; } 2>/dev/null
    [ -n "$(ls -A "$TMPDIR")" ] || wrong "the report was over too early"
    ends 0 "$program" report "$work/r" -o "$work/page.html" --layers-from 1
    [ -z "$(ls -A "$TMPDIR")" ] || wrong "the folder of a killed report is left behind"
    same "$work/page.html" "$work/first.html" "a page after one that was killed"
fi
# What says where the run lay may be long, or not there to be read: it fills two rows.
log=$work/r/run.jsonl page=$work/r/report.html
mv "$log" "$work/log" && { printf '%17000000s\n' '{}' && cat "$work/log"; } >"$log"
PATH=$work ends 0 "$program" report "$work/r"
check "$page" "${words[@]}"
rm "$log" && mkdir "$log"
PATH=$work ends 0 "$program" report "$work/r"
check "$page" 'Provenance' && hasnt "$(basename "$small")" "$page"
ends 3 "$program" report "$work/nothing" && says 'nothing'
finish
