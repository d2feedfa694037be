# make demo and make test do all their own set-up; nothing else is needed first.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test test-slow test-in explore lint bench clean deb vm-setup vm-test vm-test-short

setup: .venv/ready

.venv/ready: pyproject.toml deploy/setup
	deploy/setup $(PYTHON)
	touch $@

demo: setup
	$(BIN)/smartlooper demo

test: setup
	$(BIN)/python -m pytest -m "not slow"

test-slow: setup
	$(BIN)/python -m pytest -m slow

# The everyday tests in another release of Debian, as root: make test-in SUITE=trixie
test-in:
	tests/in-suite $(SUITE)

# New random examples for the property tests, many of them.
explore: setup
	HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -m "not slow" -k "$(ONLY)" --timeout 0

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/smartlooper bench player

# The package for a box, built on any machine: make deb ARCH=arm64 SUITE=bookworm (or trixie).
ARCH ?= amd64
SUITE ?= bookworm

deb: setup
	$(BIN)/python -m deploy.package --arch $(ARCH) --suite $(SUITE)

# The box in a virtual machine, with the package just built, as root (deploy/vm/README.md).
vm-setup:
	deploy/vm/setup $(ARCH)

vm-test: deb vm-setup
	$(BIN)/python -m deploy.vm --arch $(ARCH) $(VM)

vm-test-short: deb vm-setup
	$(BIN)/python -m deploy.vm --arch $(ARCH) --short $(VM)

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
