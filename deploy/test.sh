#!/usr/bin/env bash
# Runs every test of the workspace and ends with the runners' own closing lines.
# Called by `make test` inside deploy/env.sh.
set -euo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT

status=0
cargo test --workspace --no-fail-fast 2>&1 | tee "$log" || status=$?

# Each runner's name with its counts: those that failed last, where the eye falls.
echo
echo "== what the test runners said =="
awk '
    /^ +Running |^ +Doc-tests / { name = $0; sub(/^ +/, "", name); sub(/ \(.*/, "", name) }
    /^test result: /            { line = $0 "   [" name "]"
                                  if ($3 == "ok.") print line; else failed = failed line "\n"
                                  passed += $4; wrong += $6; ignored += $8; runners++ }
    END                         { printf "%s%d passed; %d failed; %d ignored; in %d runners\n", failed, passed, wrong, ignored, runners }
' "$log"
exit "$status"
