#!/usr/bin/env bash
# A tokenizer that is not handled stops only what needs text; ids that it has no text for are shown as ids;
# numbers of any size beside it are passed over; the model's chat template.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

m=$work/model
cp -R "$root/tests/fixtures/tiny/model" "$m" && chmod -R u+w "$m"

# edit PYTHON: changes t, the tokenizer.json.
edit() {
    python3 -c 'import json, sys
path = sys.argv[1] + "/tokenizer.json"
t = json.load(open(path, encoding="utf-8"))
exec(sys.argv[2])
json.dump(t, open(path, "w", encoding="utf-8"))' "$m" "$1"
}

config() {
    printf 'model: {path: "%s"}\ndata: {path: "%s"}\noutput: "%s"\nexperiments: [{name: decode, kind: decode}]\n' \
        "$m" "$work/$1.jsonl" "$work/$1" >"$work/$1.yaml"
}
echo '{"ids": [1, 2, 3], "targets": {"a": 5}}' >"$work/ids.jsonl" && config ids
echo '{"text": "List three", "targets": {"a": 5}}' >"$work/text.jsonl" && config text
echo '{"ids": [1, 2, 3], "targets": {"a": " x"}}' >"$work/target.jsonl" && config target

# Beside it: a number that no machine type holds.
cat >"$m/tokenizer_config.json" <<'JSON'
{"model_max_length": 1000000000000000019884624838656, "x": [1e999, NaN, -Infinity], "chat_template":
 "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"}
JSON
ends 0 "$program" tokenize "$m" --text $'<user>Hi.\n<assistant>' --no-bos && cp "$work/out" "$work/plain"
ends 0 "$program" tokenize "$m" --text ' Hi. ' --chat
same "$work/plain" "$work/out" "the chat template's ids"
ends 0 "$program" tokenize "$m" --text 'Hi.' --chat --system 'Be brief.' --tokens && has $'\t"' "$work/out"
ends 0 "$program" generate "$m" --prompt 'Hi.' --chat -n 2
sed -i 's/trim/frobnicate/' "$m/tokenizer_config.json"
ends 2 "$program" tokenize "$m" --text Hi --chat && says 'line 1: the filter "frobnicate" is not handled'
rm "$m/tokenizer_config.json"
ends 2 "$program" tokenize "$m" --text Hi --chat && says 'has no chat template'

# More rows than the tokenizer has ids.
edit 'v = t["model"]["vocab"]; n = 300; t["model"]["merges"] = []
t["model"]["vocab"] = {s: i for s, i in v.items() if i < n}; t["added_tokens"] = [a for a in t["added_tokens"] if a["id"] < n]'
ends 0 "$program" logits "$m" --ids "1 2 3" --top 100000 && has '<' "$work/out"
rows=$(($(wc -l <"$work/out") - 1))
last=$((rows - 1))
has " <$last>" "$work/out"
ends 0 "$program" generate "$m" --prompt 'List three towns' -n 4

# More ids than the model has rows: a text that needs one of them is refused, no memory is read.
edit 't["model"]["vocab"].update({"fill %d" % i: i for i in range(300, '"$rows"')})
t["added_tokens"].append(dict(t["added_tokens"][0], id='"$rows"', content="<beyond>"))'
echo '{"text": "List <beyond>", "targets": {"a": 5}}' >"$work/beyond.jsonl" && config beyond
ends 2 "$program" logits "$m" --prompt 'List <beyond>' && says "vocabulary ends at $rows"
ends 1 "$program" run "$work/beyond.yaml" && has "vocabulary ends at $rows" "$work/out"
ends 0 "$program" logits "$m" --prompt 'List'

# What is not handled.
edit 't["pre_tokenizer"] = {"type": "Whitespace"}'
ends 4 "$program" tokenize "$m" --text Hi && says 'pre_tokenizer: type "Whitespace" is not handled'
ends 0 "$program" logits "$m" --ids "1 2 3"
ends 0 "$program" plan "$work/ids.yaml" && has 'warning: the model'"'"'s tokenizer cannot be used'
ends 0 "$program" run "$work/ids.yaml" && has 'warning: the model'"'"'s tokenizer cannot be used'
ends 4 "$program" run "$work/text.yaml" && has 'the data has text, and the model'"'"'s tokenizer cannot be used'
ends 4 "$program" run "$work/target.yaml" && has 'cannot be used'

finish
