# `cmake --install` into a folder with a space: the program runs from there with its configs, jobs,
# data, manual page and completions, and nothing of it names the source tree.
. tests/integration/lib.bash

prefix="$work/a prefix"
DESTDIR='' cmake --install "$LENSWEEP_BUILD" --prefix "$prefix" >"$work/log" || wrong "$(tail -3 "$work/log")"
share=$prefix/share/lensweep
bin=$prefix/bin/lensweep

"$bin" --version >/dev/null || wrong "the installed program does not run"
! grep -rIl "$PWD" "$prefix" || wrong "these installed texts name the source tree"
! grep -rl 'build/release' "$share" || wrong "these installed texts name the build folder"

# Each config and each job means files that are there, from any folder.
cd "$work" || exit 1
for config in "$share"/configs/*.yaml; do
    case $config in *paper* | *faithfulness*) continue ;; esac # these want what a user brings
    "$bin" plan "$config" --set model.path="$small" >plan.out 2>plan.err
    ! grep "no such file" plan.err || wrong "$config: $(cat plan.err)"
done
for job in "$share"/jobs/*.sbatch; do
    bash -n "$job" || wrong "$job"
    named=$(eval "$(grep -h '^lensweep=' "$job")" && echo "$lensweep")
    [ "$named" = "$bin" ] || wrong "$job runs \"$named\""
done

# The pages are well formed for who reads them.
page=$prefix/share/man/man1/lensweep.1
for command in run plan collect top plot; do
    grep -q "^\.SS $command" "$page" || wrong "the manual page has no $command"
done
if command -v man >/dev/null && command -v groff >/dev/null; then
    warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
    [ -z "$warnings" ] || wrong "manual page: $warnings"
fi
# shellcheck disable=SC1091 # it is written by the program
completed=$(
    . "$prefix/share/bash-completion/completions/lensweep"
    COMP_WORDS=(lensweep plot --format '') COMP_CWORD=3
    _lensweep
    echo "${COMPREPLY[*]}"
)
[[ " $completed " == *" svg "* ]] || wrong "bash completes plot --format to \"$completed\""
# zsh: the same text serves as a file of fpath, and sourced once compinit has run.
if command -v zsh >/dev/null; then
    files=("$prefix"/share/zsh/*)
    # shellcheck disable=SC2016 # for zsh to expand
    begin='autoload -Uz compinit && compinit -u -d "$1/dump"' show='print -r -- "$_comps[lensweep]"'
    found=$(zsh -fc "fpath=(\"\$2\" \$fpath) && $begin && $show" zsh "$work" "${files[0]}")
    [ "$found" = _lensweep ] || wrong "zsh does not find its completions in fpath: \"$found\""
    sourced=$(zsh -fc "$begin && source <(\"\$2\" help --as zsh) && $show" zsh "$work" "$prefix/bin/lensweep")
    [ "$sourced" = _lensweep ] || wrong "zsh does not register completions that are sourced: \"$sourced\""
fi
for shell in zsh fish; do
    command -v $shell >/dev/null || continue
    file=("$prefix"/share/$shell/*/*lensweep*)
    $shell -n "${file[0]}" || wrong "$shell does not read its completions"
done
finish
