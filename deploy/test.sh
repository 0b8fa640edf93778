#!/usr/bin/env bash
# Runs every test of the workspace and ends with the runners' own closing lines.
# Called by `make test` inside deploy/env.sh; arguments narrow it: deploy/test.sh -p quorate-data
set -euo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if (($# == 0)); then
    set -- --workspace
fi
status=0
cargo test --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?

# Each runner's name with its counts, then the sum: what failed stands last but one,
# where the eye falls.
echo
echo "== what the test runners said =="
awk '
    /^ +Running /  { name = $NF; gsub(/^.*\/|-[0-9a-f]+\)$/, "", name) }
    /^ +Doc-tests/ { name = "doc-tests of " $2 }
    /^test result: / {
        line = $0 "   [" name "]"
        if ($3 == "ok.") print line; else failed = failed line "\n"
        passed += $4; wrong += $6; ignored += $8; runners++
    }
    END { printf "%s%d passed; %d failed; %d ignored; in %d runners\n", failed, passed, wrong, ignored, runners }
' "$log"
exit "$status"
