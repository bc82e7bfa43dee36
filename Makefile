# The two commands: `make run` and `make test`. Both do all the set-up themselves, without root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: run test cover setup setup-dev bench slow lint types clean

run: setup ## everything on one machine: fleet, broker, edge, cloud, API, page
	@$(BIN)/ac-advisor demo $(ARGS)

test: setup-dev lint types ## what CI runs first
	$(BIN)/pytest -n 2 -m "not slow and not bench"

cover: setup-dev ## the same tests, and what they leave out; a fifth slower
	$(BIN)/pytest -n 2 -m "not slow and not bench" --cov --cov-report=term-missing:skip-covered

setup: $(VENV)/.installed

setup-dev: $(VENV)/.installed-dev

$(VENV)/.checked:
	@$(PYTHON) -c 'import sys; v = sys.version_info; \
	sys.exit(None if v >= (3, 11) else f"ac-advisor needs Python 3.11 or newer, this is {v[0]}.{v[1]}: make run PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.checked pyproject.toml constraints.txt
	@echo "Installing ac-advisor and its pinned dependencies into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the tools of the tests into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,aws,push]'
	@touch $@

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/deptry .

types: setup-dev
	$(BIN)/mypy

bench: setup-dev ## ratios against something measured in the same run
	$(BIN)/pytest -m bench -s $(ARGS)

slow: setup-dev ## the long suites
	$(BIN)/pytest -m slow -s $(ARGS)

clean:
	rm -rf $(VENV) var .mypy_cache .pytest_cache .ruff_cache .hypothesis
