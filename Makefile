# make demo and make test do all their own set-up; nothing else is needed first.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test test-slow explore lint bench clean

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

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
