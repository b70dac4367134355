# `make run` builds everything and serves the demo; `make test` installs what the tests need and runs
# all of them. Each step is skipped when it is done. `make help` lists the rest.

SHELL := /bin/bash
PORT ?= 8077
FUZZ_SECONDS ?= 30
CARGO := cargo
export LIBTORCH := $(or $(LIBTORCH),$(CURDIR)/.toolchain/libtorch)

.DEFAULT_GOAL := help
.PHONY: help run build test fuzz lint types bench tools libtorch plugins examples page browser observers prometheus torchvision predictors clean

help: ## This list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: build ## Build, and serve the demo at http://127.0.0.1:8077; DATA=path/to/images serves your own folder
ifdef DATA
	@target/debug/sluice serve "$(DATA)" --listen 127.0.0.1:$(PORT)
else
	@target/debug/sluice demo --listen 127.0.0.1:$(PORT)
endif

build: tools libtorch plugins page ## Build the program: target/debug/sluice
	@echo "sluice: compiling (the first time takes some ten minutes on two cores)"
	@$(CARGO) build --quiet --workspace --locked

tools:
	@for tool in cargo c++ python3 node npm; do command -v $$tool >/dev/null || \
	  { echo "make: $$tool is missing; install Rust (rustup.rs), a C++ compiler, Python 3 with pip, and Node 20.19 or newer" >&2; exit 1; }; done
	@node -e 'const [a,b]=process.versions.node.split(".").map(Number); process.exit(a>20||(a==20&&b>=19)?0:1)' || \
	  { echo "make: node $$(node --version) is too old; 20.19 or newer is needed" >&2; exit 1; }
	@rustc --version | awk '{split($$2,v,"."); exit !(v[1]>1 || v[2]>=95)}' || \
	  { echo "make: $$(rustc --version) is too old; 1.95 or newer is needed (rustup update)" >&2; exit 1; }
	@python3 -m pip --version >/dev/null 2>&1 || [ -e .toolchain/libtorch ] || [ "$(LIBTORCH)" != "$(CURDIR)/.toolchain/libtorch" ] || \
	  { echo "make: Python's pip is missing; install python3-pip (it fetches libtorch)" >&2; exit 1; }
	@core/pool/get-nasm

libtorch:
	@LIBTORCH="$(if $(filter $(CURDIR)/.toolchain/libtorch,$(LIBTORCH)),,$(LIBTORCH))" core/learn/get-libtorch

plugins: ## Build the plugins in the box to WebAssembly components
	@$(CARGO) run --quiet --locked --manifest-path plugins/build/Cargo.toml --target-dir target/plugins-build

examples: build ## Build the plugins of examples/ to target/examples
	@target/debug/sluice plugin build examples/selector-rust --into target/examples >/dev/null
	@examples/selector-python/build
	@# Their rules are tried, and their compiled code is kept for the tests.
	@for plugin in target/examples/*.wasm; do target/debug/sluice plugin check $$plugin > target/examples/check.log || \
	  { cat target/examples/check.log >&2; exit 1; }; done

frontend/node_modules/.package-lock.json: frontend/package.json frontend/package-lock.json
	@echo "page: installing npm packages"
	@# Not `npm ci`: it refuses lock files whose optional packages of other platforms it could not see.
	@cd frontend && npm install --no-save --no-audit --no-fund --loglevel=error && touch node_modules/.package-lock.json

PAGE_SOURCES := $(shell find frontend/src frontend/public -type f) frontend/index.html frontend/vite.config.ts frontend/tsconfig.json

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(PAGE_SOURCES)
	@echo "page: building"
	@cd frontend && npm run --silent build -- --logLevel warn && touch dist/index.html

page: frontend/dist/index.html ## Build the page

browser:
	@frontend/browser/get-chromium

observers:
	@core/cli/tests/get-observers

prometheus: ## Start Prometheus, with rules and alerts, on the session at 127.0.0.1:8077 (or SLUICE=ADDRESS)
	@config/prometheus/run

test: examples browser observers lint ## Install what the tests need, and run all of them
	@# Tests run side by side; libtorch's pairs of threads that wait for each other would take many times as long.
	OMP_NUM_THREADS=1 $(CARGO) test --workspace --locked --no-fail-fast
	core/fuzz/run $(FUZZ_SECONDS)
	$(CARGO) test --manifest-path plugins/Cargo.toml --target-dir target/plugins-test --locked
	$(CARGO) test --manifest-path examples/selector-rust/Cargo.toml --target-dir target/plugins-test --locked
	cd frontend && npm test
	cd frontend && npm run browser

fuzz: tools ## Fuzz what reads logs, FUZZ_SECONDS=30 for each of two targets; hours find more
	core/fuzz/run $(FUZZ_SECONDS)

lint: tools libtorch plugins page ## Formatting and lints, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) fmt --all --check --manifest-path plugins/Cargo.toml
	$(CARGO) fmt --all --check --manifest-path plugins/build/Cargo.toml
	$(CARGO) fmt --all --check --manifest-path examples/selector-rust/Cargo.toml
	$(CARGO) fmt --check --manifest-path core/fuzz/Cargo.toml
	$(CARGO) clippy --quiet --workspace --all-targets --locked -- --deny warnings
	$(CARGO) clippy --quiet --manifest-path plugins/Cargo.toml --target-dir target/plugins-test --all-targets --locked -- --deny warnings
	$(CARGO) clippy --quiet --manifest-path examples/selector-rust/Cargo.toml --target-dir target/plugins-test --all-targets --locked -- --deny warnings
	cd frontend && npm run --silent lint

types: tools libtorch plugins page ## Write the page's types of the messages anew
	SLUICE_BLESS=1 $(CARGO) test --quiet --workspace --test typescript

bench: build browser ## Measure: the log, opening a session of a million answers, what plugins, pictures, an answer and a million labels cost, from key to picture
	$(CARGO) bench --profile dev --workspace --locked --bench append --bench decode --bench reopen --bench rank --bench squares --bench answer --bench network --bench pages --bench labels
	cd frontend && npm run --silent bench

torchvision: tools libtorch plugins ## Hold the networks against torchvision's (fetches 0.6 GB of Python packages once)
	@core/learn/compare/get-torchvision
	@.toolchain/torchvision/bin/python core/learn/compare/reference.py target/torchvision
	SLUICE_TORCHVISION=$(CURDIR)/target/torchvision $(CARGO) test --workspace --locked --test torchvision -- --ignored --nocapture

predictors: build ## Hold an exported predictor, in each of its formats, against sluice itself (fetches 0.7 GB of Python packages once)
	@core/learn/compare/get-torchvision
	@examples/predictor/check

clean: ## Remove everything that was built or fetched
	rm -rf target plugins/target plugins/dist examples/selector-rust/target frontend/dist frontend/node_modules .toolchain
