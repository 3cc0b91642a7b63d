# `make demo`: see it work, on a cluster in memory. `make test`: every check and every test.
# Both install what they need first; neither reads the terminal.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install packages node build demo test clean

help:
	@echo 'make demo   install, build, and run the operator against six simulated nodes'
	@echo 'make test   install, and run every check and every test (with Go: against a real control plane)'
	@echo 'make build  compile to build/; then: npx weka-operator --help'
	@echo 'make clean  remove what was installed and built'

install: packages node node_modules/.package-lock.json

# npm writes this file at the end of an install: older than package-lock.json means stale, missing means none.
node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund --loglevel=error </dev/null
	@touch $@

node:
	@command -v node npm >/dev/null || { echo 'Node.js 20.20 or newer, with npm, is needed and not on the PATH.' >&2; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 20)) { console.error("Node.js 20.20 or newer is needed; this is " + process.version + "."); process.exit(1); }'

# The only thing beyond Node that a fresh Debian may lack. Go is not installed: Debian's is too old to build a control
# plane; without one on the PATH the cluster suites are reported as skipped.
packages:
	@if [ ! -e /etc/ssl/certs/ca-certificates.crt ] && command -v apt-get >/dev/null; then \
	  if [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq </dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates </dev/null; \
	  else \
	    echo 'Not installed, for lack of root: ca-certificates. Without it Go cannot fetch the control plane: the cluster suites are then skipped.' >&2; \
	  fi; \
	fi

build: install
	npm run --silent build

demo: install build
	node build/cli/main.js demo

test: install
	@npm test --silent </dev/null

clean:
	rm -rf node_modules build dist coverage
