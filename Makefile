# make run [SCAN=path]   analyse a scan (a bundled sample without SCAN)
# make check             lint and the quick tests, for the edit loop (about a minute)
# make test              everything that must hold before a change lands
# make coverage          the same tests, the branches that they reach, and a floor for edge_runtime (30 % longer)
# make bench             every benchmark of docs/benchmarks.md (an hour or so)
# make parity, speed     two gates: exported models against PyTorch; time against what is asked for
# make release [KEY=minisign.key]   wheel, Debian package, parts list, digests: built and checked (docs/shipping.md)
#              [WITHOUT_LINTIAN=1] on a machine without lintian
# Each sets itself up in a fresh clone, and is quick when nothing changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCAN ?= edge_runtime/samples/simulated-cataract.png
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# A scan that is named in any other way must not end in the result of the sample.
ifneq (,$(filter run,$(or $(MAKECMDGOALS),run)))
STRAY := $(filter-out run,$(MAKECMDGOALS)) $(filter-out SCAN PYTHON,$(foreach \
	name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name))))
ifneq (,$(strip $(STRAY)))
$(error "make run" does not know: $(strip $(STRAY)). Nothing was analysed. Name the scan: make run SCAN=path)
endif
endif

.PHONY: run check test coverage lint bench parity speed release clean

run: $(VENV)/.runtime
	@$(BIN)/edge-cataract "$(SCAN)"

# Tests of one file stay in one process: they share what their fixtures made.
check: lint
	$(BIN)/python -m pytest -m "not slow and not network" -n 2 --dist loadfile

test: lint
	$(BIN)/python -m pytest

coverage: $(VENV)/.development
	$(BIN)/python -m pytest --cov
# The runtime's own tests alone reach 94 % of its lines and branches, not counting processes that they start.
	$(BIN)/python -m coverage report --include='edge_runtime/*' --fail-under=93

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# On a quiet machine: programs that compete for the processor slow the contenders differently.
bench: $(VENV)/.benchmarks
	$(BIN)/python -m train phantom --cohort validation --seed 8001 --out data/benchmark
	$(BIN)/python -m benchmarks.parity.cohort --data data/benchmark \
		--checkpoint $(wildcard train/checkpoints/*) --model $(wildcard edge_runtime/models/*.onnx) \
		--out benchmarks/results/parity.json
	$(BIN)/python -m benchmarks.speed.network --out benchmarks/results/network.json
	$(BIN)/python -m benchmarks.speed.waiting --out benchmarks/results/waiting.json
	$(BIN)/python -m benchmarks.speed.tiles --out benchmarks/results/tiles.json
	$(BIN)/python -m benchmarks.speed.operators --out benchmarks/results/operators.json
	$(BIN)/python -m benchmarks.memory.peak --out benchmarks/results/memory.json
	$(BIN)/python -m benchmarks.speed.cold_start --out benchmarks/results/cold_start.json
	$(BIN)/python -m benchmarks.memory.soak --repeats 250 --out benchmarks/results/soak.json
	$(BIN)/python -m benchmarks.parity.emulated --out benchmarks/results/emulated.json
	$(BIN)/python -m benchmarks.peers.side_by_side --out benchmarks/results/peers.json
	$(BIN)/python -m benchmarks.evidence.benchmarks_page
	$(BIN)/python -m benchmarks.evidence.peers_page
	$(BIN)/python -m pytest benchmarks

# Gates: they end with 1 when a figure misses what is asked for, and write to build/benchmarks.
parity: $(VENV)/.development
	$(BIN)/python -m train phantom --cohort age-matched --patients 8 --seed 41 --out data/parity
	$(BIN)/python -m benchmarks.parity.cohort --data data/parity \
		--checkpoint $(wildcard train/checkpoints/*) --model $(wildcard edge_runtime/models/*.onnx)

speed: $(VENV)/.benchmarks
	$(BIN)/python -m benchmarks.speed.cold_start --gate
	$(BIN)/python -m benchmarks.speed.network --gate

# Needs root and Debian: it installs the package into a Debian of its own.
release: $(VENV)/.development
	$(BIN)/python -m export.shipping $(if $(KEY),--key $(KEY)) $(if $(WITHOUT_LINTIAN),--without-lintian)

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	@echo "Making a virtual environment in $(VENV)." >&2
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.runtime: pyproject.toml | $(BIN)/pip
	@echo "Installing edge-cataract into $(VENV). This is done once and may take a minute." >&2
	@$(PIP) --editable .
	@touch $@

$(VENV)/.development: pyproject.toml | $(BIN)/pip
	$(PIP) --editable ".[train,dev]"
	@touch $@ $(VENV)/.runtime

$(VENV)/.benchmarks: pyproject.toml | $(BIN)/pip
	$(PIP) --editable ".[dev,bench]"
	@touch $@ $(VENV)/.runtime $(VENV)/.development

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
