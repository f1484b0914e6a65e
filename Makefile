# Each target makes its own virtual environment; nothing else has to be installed first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests wait for programs a third of their time: one worker more than processors for every two of them.
SHARED = -n $$(( $$(getconf _NPROCESSORS_ONLN) * 3 / 2 )) --dist worksteal
PYTEST = $(BIN)/python -m pytest $(SHARED)

.PHONY: demo test crash packages agents bench pages lint format clean

demo: $(STAMP)
	$(BIN)/loop demo

test: $(STAMP)
	$(PYTEST) --ignore tests/crash --ignore tests/packages --ignore tests/agents

# From every state of the disk that a kill can leave, the run is finished: docs/reliability.md has the table. Then runs
# that are killed and interrupted in other ways: a sample, or all with LOOP_TEST_EVERY_POINT=1, which takes half an hour.
SWEEP ?= --write
crash: $(STAMP)
	$(BIN)/python -m tests.support.sweeping $(SWEEP)
	$(PYTEST) tests/crash

# Published packages with a bug planted by hand, judged by their own tests. The first time it needs a network.
packages: $(STAMP)
	$(PYTEST) tests/packages

# The real agent programs against a scripted model, with no network but loopback: docs/conformance.md tells what is shown.
# The first time it needs npm and a network, to fetch them: 2.3 GB below $XDG_CACHE_HOME or ~/.cache.
# PINS=newest takes what npm serves now instead of what is pinned.
agents: $(STAMP)
	$(BIN)/python -m tests.agents.lane $(SHARED) tests/agents

# loop and the tool it competes with, side by side: docs/performance.md has the last results. It wants a quiet machine, time
# and a few GB of disk; the first time also a network. BENCH="--only rounds" measures one thing, BENCH=--help says what else.
BENCH ?= --write
bench: $(STAMP)
	$(BIN)/python -m benchmarks $(BENCH)

# What is generated: schemas, the commented config, docs/cli.md, the tables of docs/config.md, the README's transcripts and what
# the example bus has of them. When one cannot be made, none is written.
pages: $(STAMP)
	$(BIN)/python -m tests.support.pages

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) build dist
