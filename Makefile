# Every target sets up .venv by itself; Python 3.11 or newer is all that it needs.
PYTHON ?= python3
BIN := .venv/bin
RESULTS := generate/results

.PHONY: install demo test test-deepinv lint bench soak docs table clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "$(PYTHON) is %d.%d; dipbench needs Python 3.11 or newer: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	# Syne Tune alone: what the adapter uses of it needs none of its gigabyte of dependencies.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps syne-tune psutil fastparquet cramjam
	@touch $@

# Measure twelve small networks on photographs, assemble the table, query it, draw it.
demo: install
	$(BIN)/python -m generate demo

test: install
	$(BIN)/python -m pytest

# The examples with deepinv, which needs a torchvision and so another torch than ours.
test-deepinv: .venv-deepinv/installed
	PYTHONPATH=. .venv-deepinv/bin/python -m pytest -s -p no:cacheprovider -c /dev/null --rootdir . tests/deepinv

.venv-deepinv/installed: pyproject.toml
	$(PYTHON) -m venv .venv-deepinv
	.venv-deepinv/bin/python -m pip install --quiet --disable-pip-version-check -e . "deepinv>=0.4" pytest
	@touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m pytest tests/bench --benchmark-columns=min,median,max,rounds

# Kill a run 50 times at random moments; the table must come out as if nothing had happened.
soak: install
	$(BIN)/python tests/soak.py 50

docs: install
	$(BIN)/sphinx-build -W -q docs docs/_build

# Rebuild the embedded table from the measured shards, byte for byte.
table: install
	$(BIN)/python -m generate assemble --protocol core64-v1 --results $(RESULTS) --out dipbench/data/core64-v1

clean:
	rm -rf .venv .venv-deepinv docs/_build demo
