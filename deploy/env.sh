#!/usr/bin/env bash
# The one place that knows where builds go.
#
#   deploy/env.sh cargo test -p quorate-storage     runs a command in this environment
#   eval "$(deploy/env.sh)"                         sets up the shell you are in
#
# CARGO_TARGET_DIR stands outside the checkout, so that a fresh clone on the same
# machine finds the compiled dependencies again. The ROCKSDB_* variables point at the
# library that crates/io/storage/rocksdb/build.sh makes once per machine (minutes the
# first time, a moment afterwards). What is set already is respected.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

export QUORATE_CACHE=${QUORATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quorate}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$QUORATE_CACHE/target}
if [[ -z ${ROCKSDB_LIB_DIR:-} ]]; then
    rocksdb_env=$("$here/../crates/io/storage/rocksdb/build.sh" --env)
    eval "$rocksdb_env"
fi

if (($#)); then
    exec "$@"
fi
printf 'export %s=%q\n' QUORATE_CACHE "$QUORATE_CACHE" CARGO_TARGET_DIR "$CARGO_TARGET_DIR" \
    ROCKSDB_LIB_DIR "$ROCKSDB_LIB_DIR" ROCKSDB_INCLUDE_DIR "${ROCKSDB_INCLUDE_DIR:-}" \
    ROCKSDB_STATIC "${ROCKSDB_STATIC:-1}"
