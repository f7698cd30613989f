#!/usr/bin/env bash
# docs/tutorial.md word for word, on the real model: its files are made as they stand there, its commands
# end with 0, and each line below a command is a line of what that command says (`...`: there are more).
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_MODEL:-}" ] || skip "no real model"
command -v gnuplot >/dev/null || skip "no gnuplot"

here=$work/project # what scripts/demo leaves
mkdir -p "$here/build/release" "$here/.cache/models"
ln -s "$program" "$here/build/release/lensweep"
ln -s "$LENSWEEP_MODEL" "$here/.cache/models/SmolLM2-135M-Instruct.gguf"
cd "$here" || exit

command='' file='' commands=0
while IFS= read -r line; do
    case $line in
    '    '*) line=${line#    } ;;
    '')
        [ -s "$file" ] && file=''
        continue
        ;;
    *)
        [[ $line =~ 'his is `'(.*)'`' ]] && file=${BASH_REMATCH[1]}
        continue
        ;;
    esac
    if [ -n "$file" ]; then
        printf '%s\n' "$line" >>"$file"
    elif [[ $line == '$ '* || $command == *\\ ]]; then
        command=${command%\\}${line#'$ '}
        [[ $command == *\\ ]] && continue
        # shellcheck disable=SC2094 # another file
        eval "$command" >"$work/out" 2>&1 </dev/null || wrong "status $?: $command"
        commands=$((commands + 1)) command=''
    elif [ "$commands" -gt 0 ] && [ "$line" != ... ]; then
        grep -qxF -- "$line" "$work/out" || { wrong "no line '$line' in" && cat "$work/out"; }
    fi
done <"$root/docs/tutorial.md"
[ "$commands" -gt 10 ] || wrong "only $commands commands were found"
[ -s found/report.html ] || wrong "there is no page"
finish
