# make run    installs what is needed and starts everything
# make test   installs what the tests need and runs them all
# make bench  measures everything beside yardsticks and writes docs/benchmarks.md, about ten minutes;
#             ARGS="--quick" two minutes, and ARGS="--only latency" a part, which only print
# make soak   runs the soak test's long forms, about forty minutes; ARGS="--scenario kills"
# The first of these that is Python 3.11 or newer is used; PYTHON=... names another.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
            $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
            && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test soak lint bench clean

run: $(VENV)/.installed
	$(BIN)/gateway run $(ARGS)

test: $(VENV)/.installed-test
	tests/install-tools
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not alone" $(ARGS) || [ $$? -eq 5 ]  # none of them
	$(BIN)/python -m pytest -m alone $(ARGS) || [ $$? -eq 5 ]

soak: $(VENV)/.installed-test
	$(BIN)/python tests/soak/run.py $(ARGS)

bench: $(VENV)/.installed-bench
	tests/install-tools bench
	$(BIN)/python tests/benchmarks/pipeline.py
	$(BIN)/python tests/benchmarks/bench.py $(ARGS)

lint: $(VENV)/.installed-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-test: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test,bench]'
	touch $@ $(VENV)/.installed $(VENV)/.installed-test

$(VENV)/.installed-lint: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test,lint]'
	touch $@ $(VENV)/.installed $(VENV)/.installed-test

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
