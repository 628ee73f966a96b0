# Every target works from a fresh clone: what it needs, it installs into .venv first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install demo lint test-fast test test-all bench sim-data clean

help: ## show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Roadstead needs Python 3.11 or later; set PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

install: $(VENV)/installed ## install Roadstead and its tools into .venv

demo: $(VENV)/installed ## a guided story on a fleet of simulated clusters
	@$(BIN)/roadstead demo

lint: $(VENV)/installed ## format, lint, types and layers
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --config pyproject.toml

test-fast: $(VENV)/installed ## the fast ring: no network, no cluster
	bash .ci/rings fast

test: lint ## lint and all rings, on real API servers
	bash .ci/rings

test-all: lint ## more versions and seeds, the slow ones too
	bash .ci/rings all

bench: $(VENV)/installed ## speed against named baselines, in one run
	$(BIN)/python -m bench

sim-data: $(VENV)/installed ## ask real API servers again what simulated ones know
	$(BIN)/python -m tests.sim.generate

clean: ## remove what the other targets made in this folder
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
