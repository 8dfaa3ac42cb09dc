# make run    installs what is needed and starts everything
# make test   installs what the tests need and runs them, except those for the night
# make test-again  runs those that failed in `make test` once more, one after the other, and those that
#             are marked alone
# make test-nightly  runs those that take longer or need more: in Firefox, and the whole of the attacks
# make test-dates  runs them all with the clock 40 days and 2 years ahead and a year back, to prove
#             that none depends on today's date, about half an hour; DAYS=-365 a part
# make test-random  runs the property tests alone, with random examples, in ROUNDS=5 rounds
# make test-lowest  runs them, except the browser's and those marked alone, with the lowest version of each dependency
#             that pyproject.toml allows, in .venv-lowest, and fails if they cover too little; about ten minutes
# make clients  runs the tests of SDKs with the newest version of each
# make mutants  changes the pure rooms on purpose and shows the changes that no test notices;
#             MUTANTS=100 how many, each takes seconds to minutes
# make bench  measures everything next to yardsticks and writes docs/benchmarks.md, about twenty
#             minutes; ARGS="--quick" four minutes, and ARGS="--only latency" a part, which only print;
#             ARGS="--help" names the parts
# make instructions  counts the instructions of each stage under callgrind, and fails if one takes over
#             3 % more than in an earlier commit; about a minute; BASE=<commit> compares with another
# make soak   runs the soak test's long forms, about 45 minutes; ARGS="--scenario kills"
# make attacks  attacks a gateway in every way of docs/security.md and writes the table there, about
#             four minutes; ARGS="--only gzip" a part, which only prints
# make reference  writes what docs/ says about settings, destinations and SDKs, from the code and the
#             tests, and the modules of clients/js from the scripts that the gateway serves
# make lock   writes the lock files that the Dockerfile installs, with the newest versions that
#             pyproject.toml allows
# make docs   builds the site of docs/ in site/, and fails on a warning or a broken link
# make demo-picture  takes docs/demo.png, the picture of the demo shop in README.md
# make console-pictures  takes docs/console-*.png, the pictures of the console in docs/console.md
# make packages  builds the wheel and the source archive in dist/
# make audit  looks for known vulnerabilities in requirements.lock
# make sbom   writes the bill of materials of requirements.lock to dist/event-gateway.cdx.json
# The first of these that is Python 3.11 or newer is used; PYTHON=... names another.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
            $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
            && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest
PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder -m "not alone and not nightly"
COVERAGE := --cov --cov-report=term
DAYS ?= 40 730 -365
ROUNDS ?= 5
MUTANTS ?= 100

# Without bytecode each process of the gateway would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

LOCK := $(BIN)/uv pip compile --quiet --no-config --upgrade --universal --python-version 3.11 \
        --generate-hashes --custom-compile-command "make lock"

.PHONY: run test test-again test-nightly test-dates test-random test-lowest clients mutants soak attacks lint docs demo-picture console-pictures bench instructions reference lock packages audit sbom clean

run: $(VENV)/.installed
	$(BIN)/gateway run $(ARGS)

test: $(VENV)/.installed-test
	tests/install-tools
	$(AT) $(BIN)/python -m pytest $(PARALLEL) $(ARGS) || [ $$? -eq 5 ]  # none of them
	$(AT) $(BIN)/python -m pytest -m "alone and not nightly" $(ARGS) || [ $$? -eq 5 ]

test-again: $(VENV)/.installed-test
	$(BIN)/python -m pytest --last-failed || [ $$? -eq 5 ]  # none of them
	$(BIN)/python -m pytest -m "alone and not nightly"

test-nightly: $(VENV)/.installed-test
	tests/install-tools nightly
	$(BIN)/python -m pytest -m nightly $(ARGS)

test-dates: $(VENV)/.installed-test
	for days in $(DAYS); do \
	    $(MAKE) test AT="$(BIN)/python tests/support/fake_clock.py $$days" || exit; done

test-random: $(VENV)/.installed-test
	for round in $$(seq $(ROUNDS)); do \
	  $(BIN)/python -m pytest -n 4 -m hypothesis --hypothesis-profile=random $(ARGS) || exit; \
	done

test-lowest: $(LOWEST)/.installed
	tests/install-tools
	$(LOWEST)/bin/python -m pytest $(PARALLEL) --ignore=tests/browser $(or $(ARGS),$(COVERAGE))

clients: $(VENV)/.installed-test
	tests/clients/install newest
	NEWEST_CLIENTS=1 $(BIN)/python -m pytest tests/clients/test_sdks.py $(ARGS)

mutants: $(VENV)/.installed-mutants
	tests/install-tools
	$(BIN)/python -m tests.support.mutants $(MUTANTS)

soak: $(VENV)/.installed-test
	$(BIN)/python -m tests.soak.run $(ARGS)

attacks: $(VENV)/.installed-test
	$(BIN)/python -m tests.attacks.run $(ARGS)

bench: $(VENV)/.installed-bench
	tests/install-tools bench
	$(BIN)/python -m tests.benchmarks.pipeline
	$(BIN)/python -m tests.benchmarks.bench $(ARGS)

instructions: $(VENV)/.installed
	tests/install-tools instructions
	$(BIN)/python -m tests.benchmarks.instructions $(BASE)

reference: $(VENV)/.installed
	$(BIN)/python -m tests.support.write_reference
	$(BIN)/python -m tests.support.write_js_client
	$(BIN)/python -m tests.clients.write_page

lint: $(VENV)/.installed-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

demo-picture: $(VENV)/.installed-test
	$(BIN)/python -m tests.support.demo_picture

console-pictures: $(VENV)/.installed-test
	$(BIN)/python -m tests.support.console_pictures

docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --fresh-env --quiet docs site

lock: $(VENV)/.installed-release
	$(LOCK) --extra geo --extra postgresql pyproject.toml --output-file requirements.lock
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' \
	    | $(LOCK) - --output-file requirements-build.lock

packages: $(VENV)/.installed-release
	$(BIN)/uv build --quiet --no-config

audit: $(VENV)/.installed-release
	$(BIN)/python -m tests.support.audit requirements.lock

sbom: $(VENV)/.installed-release
	mkdir -p dist
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --mc-type application \
	    --output-reproducible --output-format JSON --output-file dist/event-gateway.cdx.json

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	@echo "Installing the gateway and what it needs into $(VENV): about half a minute, or longer on a slow line."
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

$(VENV)/.installed-mutants: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[test,mutants]'
	touch $@ $(VENV)/.installed $(VENV)/.installed-test

$(VENV)/.installed-docs: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-release: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[release]'
	touch $@ $(VENV)/.installed

# Emptied first: a package that no dependency needs any more could still be imported.
$(LOWEST)/.installed: $(VENV)/bin/python pyproject.toml tests/support/lowest_versions.py
	$(BIN)/python -m venv --clear $(LOWEST)
	$(BIN)/python tests/support/lowest_versions.py > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) $(LOWEST) site .pytest_cache .mypy_cache .ruff_cache .hypothesis
