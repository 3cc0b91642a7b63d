# `make demo`: see it work, on a cluster in memory. `make test`: every check and every test.
# Both install what they need first; neither reads the terminal.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install packages node build demo test clean

help:
	@echo 'make demo   install, build, make a driver, and run the operator against six simulated nodes'
	@echo 'make test   install, and run every check and every test (with Go: against a real control plane; as root: on a real node)'
	@echo 'make build  compile to build/; then: npx weka-operator --help'
	@echo 'make clean  remove what was installed and built'

install: node node_modules/.package-lock.json

# npm writes this file at the end of an install: older than package-lock.json means stale, missing means none.
node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund --loglevel=error </dev/null
	@touch $@

node:
	@command -v node npm >/dev/null || { echo 'Node.js 20.20 or newer, with npm, is needed and not on the PATH.' >&2; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 20)) { console.error("Node.js 20.20 or newer is needed; this is " + process.version + "."); process.exit(1); }'

# What the tests use beyond Node, as a file or program and the Debian package that has it: QEMU and what fills a virtual
# machine's drives. Go is not installed: Debian's is too old. What is missing is named, and the suites that need it are
# reported as skipped.
PACKAGES := /etc/ssl/certs/ca-certificates.crt=ca-certificates qemu-system-x86_64=qemu-system-x86 \
  /usr/share/OVMF/OVMF_CODE_4M.secboot.fd=ovmf busybox=busybox-static depmod=kmod gcc=gcc make=make openssl=openssl \
  mke2fs=e2fsprogs setpriv=util-linux ip=iproute2 mmdebstrap=mmdebstrap buildah=buildah

packages:
	@missing=(); PATH="$$PATH:/usr/sbin:/sbin"; \
	for pair in $(PACKAGES); do [ -e "$${pair%%=*}" ] || command -v "$${pair%%=*}" >/dev/null || missing+=("$${pair#*=}"); done; \
	if [ "$${#missing[@]}" = 0 ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq </dev/null \
	  && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$${missing[@]}" </dev/null >/dev/null; then exit 0; fi; \
	echo "Not installed (root and apt are needed): $${missing[*]}. Suites that need them are reported as skipped." >&2

build: install
	npm run --silent build

demo: install build
	node build/cli/main.js demo

test: packages install
	@npm test --silent </dev/null

clean:
	rm -rf node_modules build dist coverage
