#!/usr/bin/env bash
# The reference at the end of docs/results.md is what result files hold.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
page=docs/results.md
ends 0 "$LENSWEEP_PYTHON" tests/reference/results_page.py "$program"
sed -n '/^<!-- python3/,/^<!-- end/p' "$page" | sed '1d;$d' | diff - <(sed '$d' "$work/out") ||
    wrong "$page is old: run tests/tools/write_pages"
finish
