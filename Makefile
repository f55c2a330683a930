# Everything starts here: `make help`.
PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)

# uv is used where it is present; pip does the same, more slowly. Both install what the lock file's
# hashes allow and nothing else. Python compiles what it imports, which is a part of what comes.
ifdef UV
  VENV = $(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
  INSTALL = $(UV) pip install --quiet --python $(BIN)/python
else
  VENV = $(PYTHON) -m venv .venv
  INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
endif

# Without its bytecode cache Python takes seconds longer to start, each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test suite check lint types contracts format bench clean lock

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/.ready-run: requirements.lock pyproject.toml
	@echo "Setting up .venv (once) ..."
	@$(VENV)
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-build-isolation --no-deps -e .
	@touch $@

# The lock of the tests holds that of the store: where neither is there yet, one installation does.
.venv/.ready-dev: requirements-dev.lock requirements.lock pyproject.toml
	@echo "Setting up .venv with what the tests need (once) ..."
	@$(VENV)
	@$(INSTALL) --require-hashes --no-deps -r requirements-dev.lock
	@$(INSTALL) --no-build-isolation --no-deps -e .
	@touch .venv/.ready-run $@

run: .venv/.ready-run ## Serve the store on 127.0.0.1:8000 with its sample catalog and the Stripe sandbox
	@$(BIN)/reelright serve --prepare $(if $(WORKERS),--workers $(WORKERS))

test: .venv/.ready-dev ## Check, and run every test on SQLite and on PostgreSQL, browser tests too
	@$(MAKE) --no-print-directory --jobs=2 check suite

suite: .venv/.ready-dev
	@$(BIN)/python -m tests.run

check: lint types contracts ## Lint, types and import contracts

lint: .venv/.ready-dev
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .

types: .venv/.ready-dev
	@$(BIN)/mypy --no-error-summary

contracts: .venv/.ready-dev
	@$(BIN)/lint-imports > .venv/contracts.log 2>&1 || { cat .venv/contracts.log; exit 1; }

format: .venv/.ready-dev ## Format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: .venv/.ready-dev ## Measure the store against the limit (docs/performance.md)
	@$(BIN)/python -m bench

lock: ## Renew the lock files (needs uv)
	@uv lock --quiet --upgrade
	@uv export --quiet --format requirements-txt --no-emit-project --no-header --no-annotate --group build --no-dev -o requirements.lock
	@uv export --quiet --format requirements-txt --no-emit-project --no-header --no-annotate --group build -o requirements-dev.lock
	@rm -f uv.lock

clean: ## Remove the environment and caches; data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
