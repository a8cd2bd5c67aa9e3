# demo · test · soak · screenshots · check · bench: each sets up what it needs on a fresh machine with Python 3.11, make and git.

PYTHON ?= python3
SERVE ?= 1
WORKERS ?= 2
BENCH ?=

# many programs run one after the other here: what one of them compiled, the next one reads, whatever the shell says
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
COMPILE := $(UV) compile -q --python-version 3.11 --generate-hashes --no-header --annotation-style line pyproject.toml

.PHONY: help demo install test soak screenshots check style types contracts migrations bench lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/make \1	\2/p' Makefile | expand -t 16

demo: $(VENV)/.runtime  ## run the whole job on the demonstration of five places and serve it (SERVE=0: stop after the table)
	$(BIN)/huiyi demo $(if $(filter 0,$(SERVE)),--no-serve)

install: $(VENV)/.dev  ## set up the environment for developing

test: $(VENV)/.dev style types contracts migrations  ## set up everything and run all checks and tests
	@$(BIN)/python -m tests.rig.system
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist=worksteal

soak: $(VENV)/.dev  ## the promises that grow with time, at their full size: kills, races, orders, random months (hours)
	@$(BIN)/python -m tests.rig.system
	HUIYI_SOAK=1 $(BIN)/python -m pytest -q -m soak -n $(WORKERS) --dist=worksteal

screenshots: $(VENV)/.dev  ## a picture of every page at 390 and 1440 px, under var/screenshots
	@$(BIN)/python -m tests.rig.system
	HUIYI_TEST_SCREENSHOTS=1 $(BIN)/python -m pytest -q tests/pages/test_every_page.py -k readable

check: $(VENV)/.dev style types contracts  ## contracts, house rules, types, lint
	$(BIN)/python -m pytest -q tests/test_house_rules.py tests/test_contracts.py

style: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

migrations: $(VENV)/.dev
	@rm -f var/check.sqlite*
	HUIYI_DATABASE_URL=sqlite:///var/check.sqlite $(BIN)/alembic upgrade head
	HUIYI_DATABASE_URL=sqlite:///var/check.sqlite $(BIN)/alembic check
	@rm -f var/check.sqlite*

bench: $(VENV)/.dev  ## the bench programs: a table of ratios against their limits (BENCH="orders intake": only these)
	$(BIN)/python -m bench $(BENCH)

lock: $(VENV)/uv  ## compile both locks anew from pyproject.toml
	$(COMPILE) --group dev -o requirements-dev.lock
	$(COMPILE) --group build -c requirements-dev.lock -o requirements.lock
	@! grep -nE 'https?:|file:|--index|--extra-index|--find-links' requirements.lock requirements-dev.lock

clean:  ## remove what the targets made
	rm -rf $(VENV) var build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check "uv>=0.9"
	@touch $@

# the demonstration needs no browser, no server and no linters
$(VENV)/.runtime: $(VENV)/uv requirements.lock pyproject.toml
	$(UV) install -q --require-hashes -r requirements.lock
	$(UV) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/uv requirements-dev.lock pyproject.toml
	$(UV) sync -q --require-hashes requirements-dev.lock
	$(UV) install -q --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.runtime
