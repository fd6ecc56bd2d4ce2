# make chat   the app in the browser, from nothing: environment, packages, weights, index
# make test   the same set-up, then the whole suite as CI runs it
# make check  lint and the quick tests, in 90 seconds    make setup  the set-up alone
# make bench  the measured tables    make campaign  the long trials

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEFAULT := qwen2.5-coder-1.5b-instruct
EMBEDDER := e5-multilingual

.PHONY: chat setup test check bench format browser clean
.DEFAULT_GOAL := chat

# One resolve with torch pinned in it: a range would bring several GB of CUDA packages. pip before 25.1 knows no --group.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python %d.%d found; 3.11 or newer is needed. Try make PYTHON=python3.11" % sys.version_info[:2])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check "pip>=25.1"
	$(BIN)/python -m pip install -q --disable-pip-version-check --progress-bar on -c constraints.txt "torch==2.13.0" -e . --group dev
	touch $@

chat: $(READY)
	$(BIN)/assistant models pull $(EMBEDDER)
	$(BIN)/assistant chat $(ARGS)

setup: $(READY)
	$(BIN)/assistant models pull $(EMBEDDER)
	$(BIN)/assistant models pull $(DEFAULT)

test: setup browser
	$(BIN)/assistant models pull minilm
	$(BIN)/assistant models pull smollm2-135m-instruct
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations 20

check: $(READY) lint
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow"

.PHONY: lint
lint: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Where no browser, or no nginx, can be had, the tests that need it fail and say which command would help.
browser: $(READY)
	sh tests/browser/get_chromium.sh $(BIN)/python
	sh tests/browser/get_nginx.sh $(VENV)/nginx

bench: setup
	$(BIN)/assistant models pull minilm
	$(BIN)/python -m evals.bench
	$(BIN)/python -m evals.bench.library --sizes 1000 10000

# What the suite tries a tenth of: 2,000 damaged files of a format, every fault 20 times, and the tables of
# docs/reliability.md (kills, torn files, full disks, several processes). Two hours on two quiet cores.
.PHONY: campaign
campaign: $(READY)
	ASSISTANT_TEST_CAMPAIGN=1 ASSISTANT_TEST_TRIALS=20 $(BIN)/python -m pytest -rP \
		tests/index/reading/test_fuzz.py tests/reliability tests/assistant/test_faults.py
	$(BIN)/python tests/reliability/measure.py $(ARGS)

format: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache bench
