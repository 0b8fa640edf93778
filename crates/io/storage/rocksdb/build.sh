#!/usr/bin/env bash
# Builds RocksDB once per machine and prints the folder of `librocksdb.a`.
#
#   crates/io/storage/rocksdb/build.sh          the folder, on standard output
#   crates/io/storage/rocksdb/build.sh --env    `export …` lines for a shell to eval
#   crates/io/storage/rocksdb/build.sh --has-libclang    only its exit status says
#
# Why: the sys crate compiles about 350 C++ files one by one, and parsing the
# same headers again dominates: 25 to 35 minutes on two cores, once per profile.
# Here the same unmodified files are compiled as 24 chunks ("unity build": a chunk
# is a file of `#include`s), which takes less than a quarter of that, and the archive is
# shared by every profile and every checkout of this machine. The sys crate
# officially links a ready library when it finds these variables:
#
#   ROCKSDB_LIB_DIR   ROCKSDB_INCLUDE_DIR   ROCKSDB_STATIC=1
#
# Without them a plain `cargo build` still works, slowly.
#
# What is compiled is the sys crate's own choice: its list of files and, read out
# of its build.rs, its defines, include folders and language standard. So a new
# version needs no edit here unless it moves those places, and then
# `read_recipe` stops and says so.
#
# The result lives in
#   ${QUORATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quorate}/rocksdb/<key>/{lib,include}
# where <key> covers crate versions, flags and compiler. Two builds at once wait for
# each other; an interrupted one leaves `<key>.partial`, whose finished chunks the
# next one takes over; the final name appears by one rename.
#
# Environment: CXX (c++), CXXFLAGS (appended), QUORATE_CACHE,
# QUORATE_ROCKSDB_JOBS (one per processor, at most one per 1.6 GiB of free memory),
# QUORATE_ROCKSDB_MANIFEST (a Cargo.toml to take the crate versions from; ours).
set -euo pipefail

readonly chunk_count=24
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
manifest=${QUORATE_ROCKSDB_MANIFEST:-$here/../../../../Cargo.toml}
cache=${QUORATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quorate}/rocksdb
cxx=${CXX:-c++}

say() { printf 'rocksdb: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# --- 1. The tools, before anything long starts -----------------------------------

# bindgen looks for libclang only after everything else has been compiled, so an
# absence would show at the very end. These are the places it searches.
have_libclang() {
    local folder
    for folder in ${LIBCLANG_PATH:+"$LIBCLANG_PATH"} /usr/lib/llvm-*/lib /usr/lib/*-linux-gnu \
        /usr/lib /usr/lib64 /usr/local/lib; do
        compgen -G "$folder/libclang*.so*" >/dev/null && return 0
    done
    [[ -n ${LIBCLANG_PATH:-} && -f $LIBCLANG_PATH ]]
}

need_tools() {
    command -v "$cxx" >/dev/null ||
        die "no C++ compiler ($cxx): install g++ (Debian: apt-get install g++), RocksDB is compiled from source"
    command -v flock >/dev/null ||
        die "no flock: install util-linux, it keeps two builds from racing"
    have_libclang ||
        die "no libclang: install it (Debian: apt-get install libclang-14-dev), bindgen reads RocksDB's C header with it"
}

# --- 2. The recipe, from the sys crate itself --------------------------------------

# Folder of the crate named $1 in the metadata in $2.
crate_folder() {
    local path
    path=$(grep -o "\"manifest_path\":\"[^\"]*/$1-[0-9][^\"/]*/Cargo.toml\"" <<<"$2" | head -n 1 | cut -d '"' -f 4) || true
    [[ -n $path ]] || die "the crate $1 is not among the dependencies of $manifest"
    dirname "$path"
}

# Lines of the Rust function $1 in build.rs ($2), body included.
rust_function() {
    awk -v name="fn $1(" 'index($0, name) { on = 1 } on { print } on && /^    }$/ { exit }' "$2"
}

# Turns `define("A", None)` and `define("B", Some("1"))` into -DA and -DB=1.
as_flags() {
    sed -nE 's/.*define\("([A-Z0-9_]+)", None\).*/-D\1/p; s/.*define\("([A-Z0-9_]+)", Some\("([^"]*)"\)\).*/-D\1=\2/p'
}

# Fills `flags`, `includes` and `sources`.
read_recipe() {
    local build_rs=$sys/build.rs linux_arm standard
    [[ $(uname -s) == Linux ]] || die "only Linux is known to this script; use a plain cargo build"

    standard=$(sed -nE 's/^const DEFAULT_CXX_STD: &str = "([^"]+)";/\1/p' "$build_rs")
    linux_arm=$(rust_function apply_target_os "$build_rs" | awk '/"linux" => \{/ { on = 1 } on { print } on && /SourceLayout::Posix/ { exit }')

    mapfile -t flags < <(
        rust_function base_cfg "$build_rs" | as_flags
        rust_function define_posix "$build_rs" | as_flags
        as_flags <<<"$linux_arm"
        # The list of `*_PRESENT` names that the arm walks in a loop.
        sed -nE 's/^ *"([A-Z0-9_]+)",$/-D\1/p' <<<"$linux_arm"
        rust_function apply_backtrace "$build_rs" | as_flags
        printf '%s\n' -DLZ4=1 -DZSTD=1
    )
    mapfile -t includes < <(
        rust_function base_cfg "$build_rs" | sed -nE 's/.*\.include\("([^"]+)"\).*/\1/p'
    )
    # The crate brings its own build_version.cc, because upstream's asks git. Its C
    # extensions are left out: the crate compiles them itself beside a ready library.
    mapfile -t sources < <(
        sed -E 's/[[:space:]]//g; /^$/d; /^util\/build_version\.cc$/d; s,^,rocksdb/,' "$sys/rocksdb_lib_sources.txt"
        echo build_version.cc
    )

    local wanted
    for wanted in NDEBUG=1 OS_LINUX ROCKSDB_PLATFORM_POSIX ROCKSDB_FALLOCATE_PRESENT ROCKSDB_BACKTRACE; do
        [[ " ${flags[*]} " == *" -D$wanted "* ]] || die "build.rs of the sys crate has changed: no define $wanted found"
    done
    [[ -n $standard && ${#includes[@]} -ge 3 && ${#sources[@]} -gt 300 ]] ||
        die "build.rs of the sys crate has changed: ${#includes[@]} include folders, ${#sources[@]} files"

    # As the sys crate and the cc crate do it (position-independent because Rust's
    # programs are), but with run-time type information: beside a ready library the
    # crate compiles its extensions with it, and its event listener derives from a
    # class of ours; without it, the first use of a listener does not link.
    flags+=("-std=$standard" -O2 -fPIC -fno-builtin-memcmp -ffunction-sections
        -fdata-sections -include cstdint -w)
    # RocksDB picks its checksum instructions at compile time. SSE 4.2 and PCLMUL are
    # in every x86-64 processor since 2010 (ARM: CRC since v8.1).
    case $(uname -m) in
        x86_64) flags+=(-march=x86-64 -msse4.2 -mpclmul) ;;
        aarch64) flags+=(-march=armv8-a+crc+crypto) ;;
    esac
    # shellcheck disable=SC2206 # several flags in one variable
    flags+=(${CXXFLAGS:-})
}

# --- 3. The build -------------------------------------------------------------------

# Writes the chunks: neighbours of the list together, since they share headers.
write_chunks() {
    local index file per_chunk=$(((${#sources[@]} + chunk_count - 1) / chunk_count))
    rm -f "$partial"/chunk-*.cc
    for index in "${!sources[@]}"; do
        file=$(printf '%s/chunk-%02d.cc' "$partial" $((index / per_chunk)))
        printf '#include "%s"\n' "$sys/${sources[index]}" >>"$file"
    done
}

# Compiles chunk $1 unless an interrupted build has left its object.
compile_chunk() {
    local chunk=$1 object=${1%.cc}.o started=$SECONDS
    if [[ ! -f $object ]]; then
        "$CHUNK_CXX" "${@:2}" -c "$chunk" -o "$object.tmp" || {
            printf 'rocksdb: %s does not compile\n' "$chunk" >&2
            return 255 # makes xargs stop
        }
        mv "$object.tmp" "$object"
    fi
    printf 'rocksdb: %s (%d s)\n' "$(basename "$chunk" .cc) of $CHUNK_COUNT" $((SECONDS - started)) >&2
}

job_count() {
    local processors free_kib by_memory
    processors=$(nproc)
    free_kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
    by_memory=$((free_kib / 1600000))
    ((by_memory >= 1)) || by_memory=1
    echo $((processors < by_memory ? processors : by_memory))
}

build() {
    local started=$SECONDS jobs include arguments=("${flags[@]}")
    for include in "${includes[@]}"; do
        arguments+=("-I$sys/$include")
    done
    arguments+=("-I$lz4/liblz4/lib" "-I$zstd/zstd/lib")
    [[ -f $lz4/liblz4/lz4.h ]] && arguments+=("-I$lz4/liblz4")
    jobs=${QUORATE_ROCKSDB_JOBS:-$(job_count)}

    mkdir -p "$partial/lib"
    write_chunks
    say "compiling ${#sources[@]} files in $chunk_count chunks, $jobs at a time (about 7 minutes of one processor) into $result"
    export CHUNK_CXX=$cxx CHUNK_COUNT=$chunk_count
    export -f compile_chunk
    printf '%s\n' "$partial"/chunk-*.cc |
        xargs -P "$jobs" -I{} bash -c 'compile_chunk "$@"' _ {} "${arguments[@]}" ||
        die "the build failed; the compiler's words are above"

    rm -f "$partial/lib/librocksdb.a"
    ar crs "$partial/lib/librocksdb.a" "$partial"/chunk-*.o
    rm -rf "$partial/include"
    cp -R "$sys/rocksdb/include" "$partial/include"
    printf '%s\n' "$recipe" >"$partial/recipe.txt"
    rm -f "$partial"/chunk-*
    mv -T "$partial" "$result"
    say "done in $((SECONDS - started)) s: $result/lib/librocksdb.a"
}

# --- 4. Put together ----------------------------------------------------------------

if [[ ${1:-} == --has-libclang ]]; then
    have_libclang
    exit
fi
need_tools
metadata=$(cargo metadata --format-version 1 --manifest-path "$manifest") # fetches what is missing
sys=$(crate_folder rust-librocksdb-sys "$metadata")
lz4=$(crate_folder lz4-sys "$metadata")
zstd=$(crate_folder zstd-sys "$metadata")
read_recipe

recipe="crates $(basename "$sys") $(basename "$lz4") $(basename "$zstd")
compiler $("$cxx" --version | head -n 1), $("$cxx" -dumpmachine)
chunks $chunk_count
flags ${flags[*]}"
version=$(basename "$sys")
version=${version##*+}
key=$version-$(sha256sum <<<"$recipe" | cut -c 1-12)
result=$cache/$key
partial=$cache/$key.partial

if [[ ! -f $result/lib/librocksdb.a ]]; then
    mkdir -p "$cache"
    # The compilers inherit the lock: should only this script be killed, the next
    # build waits until they have ended too.
    exec 9>"$cache/$key.lock"
    flock --nonblock 9 || { say "another build of $key is running; waiting for it"; flock 9; }
    [[ -f $result/lib/librocksdb.a ]] || build
fi

if [[ ${1:-} == --env ]]; then
    printf 'export ROCKSDB_LIB_DIR=%q ROCKSDB_INCLUDE_DIR=%q ROCKSDB_STATIC=1\n' "$result/lib" "$result/include"
else
    echo "$result/lib"
fi
