# Everything that is done often. `make` lists it; docs/development.md says more.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help dev test fuzz bench lint generate tools wasm web deploy clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

dev: ## build and run everything here, with a demonstration delivery (PORT, STATE_DIR, DEMO=0)
	@scripts/dev.sh

test: ## every check and test, from formatting to a real browser
	@scripts/test.sh

fuzz: ## each decoder for FUZZ_SECONDS (20), with cargo-fuzz
	@scripts/fuzz.sh

bench: ## processor time, memory and latency beside a Durable Object in JavaScript (BENCH_SCALE, BENCH_PEER_URL)
	@scripts/bench.sh

lint: ## formatting, clippy for this machine and for WebAssembly, shellcheck, the pages' linter
	@scripts/lint.sh

generate: ## write the OpenAPI document and the TypeScript types made from it
	@scripts/tools.sh . web && scripts/generate.sh

tools: ## install what the build needs into .tools and node_modules
	@scripts/tools.sh . web

wasm: tools ## compile the Worker to WebAssembly, into build
	@scripts/wasm.sh

web: tools ## build the pages, into web/dist
	@scripts/web.sh

deploy: ## build, test the size, and deploy with wrangler
	@scripts/deploy.sh

clean: ## remove everything that was built; installed tools and packages stay
	@rm -rf target build build-test fuzz/target web/dist tests/artifacts .tools/log .tools/web-sources
