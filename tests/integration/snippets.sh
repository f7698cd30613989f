#!/usr/bin/env bash
# The snippets of docs/snippets.md as they stand there, on a small model: Python's end with 0 and print
# something, and those of Snakemake and submitit go on after status 10 until there is a result. A snippet whose
# package is missing is not tried, and named.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

python=${LENSWEEP_PYTHON:-}
[ -n "$python" ] || skip "no Python with the packages of tests/requirements.txt"
cd "$work" || exit
awk '/^```/ { inside = !inside; if (inside) { n++; file = sprintf("%02d.%s", n, substr($0, 4)) }; next } inside { print >file }' \
    "$root/docs/snippets.md"

mkdir configs bin
queries 3 >lands.jsonl
config configs/demo.yaml "$work/lands.jsonl" results/demo 'name: decode, kind: decode, logprob: true, rank: true' \
    'name: heads_last, kind: ablation, site: head, operation: {kind: resample, draws: 1}, metrics: [logit]'
ln -s "$program" bin/lensweep
ends 0 bin/lensweep run configs/demo.yaml
ends 0 bin/lensweep export results/demo --format csv

# The first start ends with 10.
mkdir stopped
cat >stopped/lensweep <<S
#!/bin/sh
[ -e again ] && exec "$program" "\$@"
touch again
exit 10
S
chmod +x stopped/lensweep

tried=0
for snippet in [0-9]*; do
    package=$(awk '$1 == "import" && $2 != "json" && $2 != "subprocess" { print $2; exit }' "$snippet")
    [ "${snippet#*.}" = snakemake ] && package=snakemake
    "$python" -c "import $package" 2>"$work/err" || { echo "not tried: $snippet needs $package" && continue; }
    tried=$((tried + 1))
    case $package in
    snakemake | submitit)
        rm -rf results again
        sed -i 's,"results/submitit",&\, cluster="local",' "$snippet" # also where Slurm is installed
        command=("$python" "$snippet")
        [ "$package" = snakemake ] && command=("$python" -m snakemake --cores 1 --snakefile "$snippet")
        PATH=$work/stopped:$PATH ends 0 "${command[@]}"
        [ -s results/demo/result.h5 ] || wrong "$package: there is no result"
        ;;
    *)
        PATH=$work/bin:$PATH ends 0 "$python" "$snippet"
        [ -s "$work/out" ] || wrong "$snippet prints nothing"
        ;;
    esac
done
[ "$tried" -gt 0 ] || skip "none of the packages is there"
finish
