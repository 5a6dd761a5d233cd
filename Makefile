# Deskstream. `make help` lists the targets; each sets up by itself whatever is missing.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PYTEST := $(BIN)/pytest
MYPY_PARTS := libs/events/src libs/eventstore/src libs/chassis/src services/gateway/src \
	services/ticketing/src services/notifier/src tools/src conftest.py \
	tests bench tools/tests libs/events/tests
MEMBER_TESTS := $(wildcard libs/*/tests services/*/tests tools/tests)
UNIT_TESTS := libs/events/tests $(wildcard libs/*/tests/unit services/*/tests/unit tools/tests/unit)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup up down status reset demo check test test-unit test-members lint types arch \
	compose e2e threats fuzz drills drills-smoke bench docs lock clean

demo: export DESKSTREAM_BEGUN := $(shell date +%s.%N)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv, install the lock and the members, fetch Kafka (only what changed)
	@test -n "$(PYTHON)" || { echo "Python 3.11 is missing (Debian: apt install python3.11-venv)" >&2; exit 1; }
	@PYTHONPATH=tools/src $(PYTHON) -m deskstream_tools.setting_up

up: setup ## Start the stack and leave it running
	@$(BIN)/desk up $(ARGS)

down: setup ## Stop the stack; data stay
	@$(BIN)/desk down $(ARGS)

status: setup ## What runs
	@$(BIN)/desk status $(ARGS)

reset: setup ## Drop the stack's data, after asking
	@$(BIN)/desk reset $(ARGS)

demo: setup ## The main job on a stack of its own, every hop checked, then all stopped
	@$(BIN)/desk demo $(ARGS)

check: lint types compose arch test-unit ## Lint, types, architecture, unit: before every commit

test: setup ## All suites and the smoke drills: before every push
	$(MAKE) --no-print-directory test-members
	$(MAKE) --no-print-directory arch
	$(MAKE) --no-print-directory e2e
	$(PYTEST) -q tests/fuzz
	$(MAKE) --no-print-directory drills-smoke

test-unit: setup ## Unit tests only
	$(PYTEST) -q $(UNIT_TESTS) $(ARGS)

test-members: setup ## Unit, adapters and interface tests of every member, on real servers
	$(PYTEST) -q $(MEMBER_TESTS) $(ARGS)

lint: setup ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy, strict
	MYPYPATH=tests:libs/eventstore/tests $(BIN)/mypy $(MYPY_PARTS)

arch: setup ## Imports flow one way, services look alike, files stay small
	$(BIN)/lint-imports --cache-dir .cache/import-linter
	$(PYTEST) -q tests/architecture $(ARGS)

compose: setup ## docker-compose.yml against the Compose schema
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

e2e: setup ## The whole installation, from the outside
	$(PYTEST) -q tests/e2e $(ARGS)

threats: setup ## Attacks on a running installation; writes .out/threats.json
	$(PYTEST) -q tests/e2e -m threat $(ARGS)

fuzz: setup ## Five minutes against each entry of the gate (ARGS="--seconds N NAME"); .out/fuzz.json
	PYTHONPATH=tests $(BIN)/python -m fuzz $(ARGS)

drills: setup ## Faults with real processes and signals; writes .out/drills.json
	$(PYTEST) -q tests/drills $(ARGS)

drills-smoke: setup ## The five short drills
	$(PYTEST) -q tests/drills -m smoke $(ARGS)

bench: setup ## Ratios against peers in one run; writes .out/bench.json
	$(BIN)/python -m bench $(ARGS)

docs: setup ## Generate contracts, docs/events.md, AsyncAPI and OpenAPI
	$(BIN)/python -m deskstream_events .
	$(BIN)/python -m gateway openapi > docs/openapi.json

lock: setup ## Compile requirements.in into the hashed lock
	$(BIN)/uv pip compile requirements.in --generate-hashes --no-emit-index-url \
		--python-version 3.11 --no-header --quiet --output-file requirements.lock

clean: ## Remove what was generated; data and .venv stay
	rm -rf .cache .out .pytest_cache .hypothesis .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
