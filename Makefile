# Two commands matter on a fresh machine: `make demo` and `make test`. Each installs
# the system packages it lacks, or says in one line what to install and why.
#
# deploy/env.sh decides where builds go and which RocksDB is linked; every target goes
# through it. To work with cargo directly: eval "$(deploy/env.sh)".

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL: # one cargo at a time, and the order of prerequisites matters
.PHONY: help demo test build verify bench fuzz rocksdb setup setup-test fmt-check tidy clippy doc binary-under-test load-generator

IN_ENV := deploy/env.sh

# The processes that tests/ starts. A copy inside the checkout: the test build may
# write a quorate with other features over the one in the shared target folder.
export QUORATE_BIN := $(CURDIR)/target/under-test/quorate

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/\1\t\2/p' Makefile | column -t -s $$'\t'

demo: build ## build the release binary and show a cluster of three at work
	@$(IN_ENV) bash -c 'QUORATE_BIN=$$CARGO_TARGET_DIR/release/quorate exec deploy/demo.sh'

build: setup ## the release binary
	@$(IN_ENV) cargo build --release -p quorate
	@$(IN_ENV) bash -c 'echo "built $$CARGO_TARGET_DIR/release/quorate"'

test: setup-test rocksdb fmt-check tidy clippy binary-under-test load-generator ## every check and every test
	@$(IN_ENV) deploy/test.sh

verify: setup-test fmt-check clippy doc tidy ## the read-only checks: format, lints, documentation, tidy

bench: setup ## the benchmarks of benches/
	@$(IN_ENV) cargo bench -p quorate-benches

fuzz: setup ## the codec of the native protocol against a minute of malformed input per target
	@deploy/fuzz.sh

rocksdb: setup ## the RocksDB library, once per machine (4 minutes on two processors)
	@$(IN_ENV) bash -c 'echo "RocksDB: $$ROCKSDB_LIB_DIR"'

setup: ## the system packages that building needs
	@deploy/setup.sh

setup-test:
	@deploy/setup.sh test

# The cheap checks first: a wrong space should not cost a build.
fmt-check:
	@cargo fmt --all --check
	@cargo fmt --manifest-path tests/fuzz/Cargo.toml --check

tidy:
	@$(IN_ENV) cargo run --quiet -p quorate-tidy

clippy:
	@$(IN_ENV) cargo clippy --workspace --all-targets -- -D warnings

doc:
	@RUSTDOCFLAGS="-D warnings" $(IN_ENV) cargo doc --workspace --no-deps

# Compiled before the tests, which would otherwise share the processors with it. Without a network
# the test that needs it is reported as skipped.
load-generator:
	@deploy/latte.sh >/dev/null || true

binary-under-test:
	@$(IN_ENV) cargo build -p quorate
	@mkdir -p $(dir $(QUORATE_BIN))
	@$(IN_ENV) bash -c 'cp -f "$$CARGO_TARGET_DIR/debug/quorate" "$$QUORATE_BIN"'
