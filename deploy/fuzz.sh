#!/usr/bin/env bash
# Fuzzes what reads bytes from strangers: each target of tests/fuzz for some time, guided
# by which code an input reaches, beginning with the corpus that is committed there.
#
#   deploy/fuzz.sh [seconds]       each target for so long (60); fails when an input crashes one
#   deploy/fuzz.sh merge [folder]  takes into the corpus what runs have found since and what
#                                  lies in folder/<target>, if it reaches code nothing else does
#
# What a run finds goes below the target folder of deploy/env.sh, never into the checkout.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
crate=$here/../tests/fuzz
targets=(frame frame_sequence)
if [[ ! ${1:-60} =~ ^([1-9][0-9]*|merge)$ ]]; then
    echo "fuzz: seconds, or merge, not $1" >&2
    exit 1
fi

# Nothing here links RocksDB: no need to build it first, only to know where builds go.
environment=$(ROCKSDB_LIB_DIR=none "$here/env.sh")
eval "$environment"
finds=$CARGO_TARGET_DIR/fuzzing

# The marks that libFuzzer is guided by, as cargo-fuzz sets them, in a stable compiler. The
# target is named so that build scripts and macros are compiled without them.
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=3
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares"
RUSTFLAGS=$(tr -s '[:space:]' ' ' <<<"$RUSTFLAGS")
cargo build --quiet --manifest-path "$crate/Cargo.toml" --profile fuzz --target "$host" --bins

# What an input may cost. (Claimed memory is counted in tests/fuzz/src/lib.rs.)
limits=(-max_len=65536 -timeout=5 -rss_limit_mb=512)

fuzz() { # target, seconds
    local log=$finds/$1.log status=0
    mkdir -p "$finds/$1"
    "$CARGO_TARGET_DIR/$host/fuzz/$1" "${limits[@]}" "-max_total_time=$2" \
        "-artifact_prefix=$finds/$1-" "$finds/$1" "$crate/corpus/$1" >"$log" 2>&1 || status=$?
    if ((status)); then
        grep -A 3 -E 'panicked at|^ALARM|too much$|ERROR: libFuzzer' "$log" >&2 || tail -n 20 "$log" >&2
        echo "fuzz: $1: $(grep -o 'Test unit written to .*' "$log" | tail -n 1 || echo "stopped with status $status, see $log")" >&2
        exit 1
    fi
    echo "fuzz: $1: $(grep -E '^#[0-9]+[[:space:]]+DONE' "$log" | tr -s '[:space:]' ' '), $2 s"
}

merge() { # target, folder
    local corpus=$crate/corpus/$1 fresh
    fresh=$(mktemp -d)
    mkdir -p "$finds/$1" "$corpus"
    # The fewest that reach all the code, however often each of them runs it, and none of them long.
    "$CARGO_TARGET_DIR/$host/fuzz/$1" "${limits[@]}" -max_len=8192 -set_cover_merge=1 -use_counters=0 \
        "$fresh" "$corpus" "$finds/$1" ${2:+"$2/$1"} >"$finds/$1.log" 2>&1
    # libFuzzer names inputs by their hash. Whoever has another name was given it by a person
    # and stays.
    find "$corpus" -type f -regextype posix-extended -regex '.*/[0-9a-f]{40}' -delete
    mv "$fresh"/* "$corpus/"
    rmdir "$fresh"
    echo "fuzz: $1: $(find "$corpus" -type f | wc -l) inputs, $(cat "$corpus"/* | wc -c) bytes"
}

for target in "${targets[@]}"; do
    case ${1:-60} in
        merge) merge "$target" "${2:-}" ;;
        *) fuzz "$target" "${1:-60}" ;;
    esac
done
