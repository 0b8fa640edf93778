#!/usr/bin/env bash
# Installs the Debian packages that building needs, or says in one line what to install.
#
#   deploy/setup.sh          to build and run
#   deploy/setup.sh test     also what only the tests need
#
# As root, or with sudo that asks no password, it installs; otherwise it names the
# packages and why, and fails. When nothing is missing it says nothing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if ! command -v cargo >/dev/null; then
    echo "setup: no cargo: install Rust 1.95 or newer with rustup, Quorate is written in it" >&2
    exit 1
fi

# Format and lints are tests too; a minimal toolchain comes without them.
if [[ ${1:-} == test ]] && ! { cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1; then
    if ! command -v rustup >/dev/null || ! rustup component add rustfmt clippy; then
        echo "setup: please install rustfmt and clippy (format and lints are checked): rustup component add rustfmt clippy" >&2
        exit 1
    fi
fi

packages=()
reasons=()
need() { # package, reason
    packages+=("$1")
    reasons+=("$1 ($2)")
}

command -v c++ >/dev/null || need g++ "RocksDB is compiled from source"
command -v make >/dev/null || need make "jemalloc's build asks for it"
if ! "$here/../crates/io/storage/rocksdb/build.sh" --has-libclang; then
    # Debian 12 has version 14; elsewhere the distribution's default does as well.
    libclang=libclang-14-dev
    if command -v apt-cache >/dev/null && [[ -z $(apt-cache search --names-only "^$libclang\$") ]]; then
        libclang=libclang-dev
    fi
    need "$libclang" "bindgen reads RocksDB's C header with it"
fi
if [[ ${1:-} == test ]]; then
    command -v python3 >/dev/null || need python3 "a test drives the gRPC API from Python"
    python3 -c 'import venv, ensurepip' 2>/dev/null || need python3-venv "that test makes a virtual environment"
fi
((${#packages[@]})) || exit 0

run_as_root=()
if [[ $(id -u) != 0 ]]; then
    run_as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${run_as_root[@]}" true 2>/dev/null; then
    printf -v why '%s, ' "${reasons[@]}"
    echo "setup: please install ${why%, }: sudo apt-get install -y ${packages[*]}" >&2
    exit 1
fi
echo "setup: installing ${packages[*]}" >&2
"${run_as_root[@]}" apt-get update -qq
"${run_as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
