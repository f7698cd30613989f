#!/usr/bin/env bash
# The commands that look at a model, a config or the program itself say what they should.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

ends 0 "$program" --version && has 'lensweep 0.' "$work/out"
ends 0 "$program" && has 'usage: lensweep' "$work/out"
ends 0 "$program" help
mapfile -t names < <(awk '/^  [a-z]+ +[a-z]/ { print $1 }' "$work/out")
[ "${#names[@]}" -ge 7 ] || wrong "help lists ${#names[@]} commands"
for name in "${names[@]}"; do
    ends 0 "$program" help "$name" && has "usage: lensweep $name" "$work/out"
    [ ! -s "$work/err" ] || wrong "help $name says something on stderr"
    ends 0 "$program" "$name" --help && has "usage: lensweep $name" "$work/out"
    case $name in help | inspect) continue ;; esac
    ends 2 "$program" "$name" --nonsense && says '--nonsense'
done
ends 0 "$program" help config
for key in 'path ' 'output ' 'name ' 'rows ' 'fail_on_bad ' 'logprob ' 'cells '; do has "  $key" "$work/out"; done
ends 0 "$program" help run.rows && has 'run.rows' "$work/out" && has 'default 1024' "$work/out"
ends 0 "$program" help operation && has 'ablation.operation.kind' "$work/out" && hasnt 'ablation.site' "$work/out"
ends 0 "$program" help source && has 'ablation.source.run' "$work/out"
ends 2 "$program" help run.rwos && says 'run.rwos'
if command -v script >/dev/null; then # in a terminal lines are as wide as it is, and 100 columns at most
    for columns in 60 0 140; do
        script -qc "stty cols $columns; '$program' help run" /dev/null </dev/null | tr -d '\r' >"$work/wide"
        longest=$(awk 'length > n {n = length} END {print n}' "$work/wide")
        [ "$longest" -le "${columns/140/100}" ] || [ "$columns" = 0 ] || wrong "$longest columns in a terminal of $columns"
        [ "$longest" -gt 70 ] || [ "$columns" = 60 ] || wrong "$longest columns in a terminal of $columns"
    done
fi
ends 2 "$program" inspekt x && says 'inspect'
ends 2 "$program" logits "$small" && says 'usage'
ends 2 "$program" logits "$small" --ids 1 --prompt x && says 'usage'

# inspect: each fixture's shape.
ends 0 "$program" inspect "$small"
for fact in LlamaForCausalLM 'layers         3' '4 of width 16' 'vocabulary     128' 'BF16' 'llama3 scaling'; do has "$fact" "$work/out"; done
ends 0 "$program" inspect "$models/gguf-mixed/model.gguf"
for fact in 'GGUF version 3' Q4_1 Q8_0 F16; do has "$fact" "$work/out"; done

# logits: ids that are none, beyond the vocabulary, or too many; text without a tokenizer.
ends 2 "$program" logits "$small" --ids "1 128" && says 128
ends 2 "$program" logits "$small" --ids "1 -1" && says '"-1"'
ends 2 "$program" logits "$small" --ids "1 x" && says x
ends 2 "$program" logits "$small" --ids "" && says 'no tokens'
ends 2 "$program" logits "$small" --ids "$(printf '1 %.0s' {0..2048})" && says 2048
ends 0 "$program" logits "$small" --ids "1 2 3" --top 3
[ "$(wc -l <"$work/out")" = 4 ] || wrong "--top 3 is not three lines and a heading"
got=0
"$program" logits "$small" --prompt x >/dev/null 2>"$work/err" || got=$?
[ "$got" != 0 ] && says 'tokenizer'

# plan: units, cells, work and memory, of a config.json alone too; nothing is written.
queries 8 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/output" 'name: decode, kind: decode' 'name: load, kind: noop, cells: 10'
mkdir "$work/shape" && cp "$small/config.json" "$work/shape"
for m in "$small" "$work/shape"; do
    ends 0 "$program" plan "$work/c.yaml" --set model.path="$m"
    grep -qE '^ +decode +decode +24 +24 +[0-9]+ +[0-9.]+ [kMGT]?FLOP$' "$work/out" || wrong "no line for decode"
    grep -qE '^ +load +noop +24 +240 +[0-9]+ ' "$work/out" || wrong "no line for noop"
    grep -qE '^memory +[0-9.]+ [KMG]iB' "$work/out" || wrong "no memory"
    [ ! -e "$work/output" ] || wrong "plan wrote something"
done
has '  load             query 0, Länd 0, step 1: nothing: cell 0' "$work/out"
has '  load             query 12, Länd 4, step 1: nothing: cell 0' "$work/out"
has '  load             query 23, Länd 7, step 3: nothing: cell 9' "$work/out"
ends 0 "$program" plan "$work/c.yaml" --ranks 4 --nodes 2 && has 'nodes   2 of 2 ranks, ' "$work/out" && has ' with 4 ranks of ' "$work/out"
ends 2 "$program" plan "$work/c.yaml" --ranks 5 --nodes 2 && says 'multiple of --nodes'

# plan --sbatch: the script of jobs/ but for its marked lines, with the words that were given.
ends 0 "$program" plan "$work/c.yaml" --ranks 4 --nodes 2 --sbatch --set "output=$work/it's"
bash -n "$work/out" || wrong "the job script is none"
[ "$(diff jobs/many-nodes.sbatch "$work/out" | grep -c '^>')" = 7 ] || wrong "not seven other lines in the job script"
has "cd $(pwd) || exit 3" "$work/out"
grep -qE '^#SBATCH --nodes=2 --ntasks-per-node=2 --cpus-per-task=[0-9]+ --mem=[0-9]+M --time=[0-9]+:[0-9]{2}:00$' "$work/out" ||
    wrong "no size in the job script"
has "config='$work/c.yaml'" "$work/out" && has " --set 'output=$work/it'\\''s' &" "$work/out"

ends 0 "$program" plan "$work/c.yaml" && cp "$work/out" "$work/plan"
ends 0 "$program" run "$work/c.yaml" --dry-run
[ ! -e "$work/output" ] || wrong "--dry-run wrote something"
diff <(grep -v '^time' "$work/plan") <(grep -v '^time' "$work/out") >/dev/null || wrong "--dry-run and plan differ"
ends 0 "$program" run "$work/c.yaml"
units=$(awk '$1 == "total" { print $4 }' "$work/plan")
has "units   $units" "$work/err"

# plan: ten million cells are counted (without making each of them: tests/unit/test_cut.c).
queries 560 >"$work/many.jsonl"
sed 's/"num_hidden_layers": *[0-9]*/"num_hidden_layers": 32/; s/"num_attention_heads": *[0-9]*/"num_attention_heads": 32/; s/"head_dim": *[0-9]*/"head_dim": 16/' \
    "$small/config.json" >"$work/shape/config.json"
config "$work/many.yaml" "$work/many.jsonl" "$work/output" 'name: cut, kind: knockout, sets: [subject, answer_1, answer_2, last, first, random_subject], layers: each, heads: each'
ends 0 "$program" plan "$work/many.yaml" --set model.path="$work/shape"
grep -qE '^ +cut +knockout +1680 +10321920 ' "$work/out" || wrong "no ten million cells"
ends 0 "$program" plan "$work/many.yaml" --set model.path="$work/shape" --set run.memory=2MiB
has 'more than run.memory, 2.00 MiB' "$work/out" # what a run refuses
finish
