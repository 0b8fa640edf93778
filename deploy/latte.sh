#!/usr/bin/env bash
# Prints the path of latte, a load generator for Cassandra (crates.io: latte-cli, Apache-2.0), and
# compiles it first if the cache does not have it. Tests and benchmarks run it against our nodes.
set -euo pipefail
version=0.29.0
cache=${QUORATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quorate}/latte
program=$cache/bin/latte
if [[ ! -x $program || $("$program" --version 2>/dev/null) != *"$version"* ]]; then
    # Not this project's flags, and no long optimisation: it is only the client.
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
    CARGO_TARGET_DIR=$cache/target CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install latte-cli --version "$version" --locked --force --quiet --root "$cache" >&2
    rm -rf "$cache/target"
fi
echo "$program"
