# make run [SCAN=path]   analyse a scan (a bundled sample without SCAN)
# make test              everything that must hold before a change lands
# Each sets itself up in a fresh clone, and is quick when nothing changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCAN ?= edge_runtime/samples/simulated-cataract.png
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test lint clean

run: $(VENV)/.runtime
	@$(BIN)/edge-cataract "$(SCAN)"

test: lint
	$(BIN)/python -m pytest

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.runtime: pyproject.toml | $(BIN)/pip
	@$(PIP) --editable .
	@touch $@

$(VENV)/.development: pyproject.toml | $(BIN)/pip
	$(PIP) --editable ".[train,dev]"
	@touch $@ $(VENV)/.runtime

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
