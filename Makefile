# Every target sets up .venv by itself; Python 3.11 or newer is all that it needs.
PYTHON ?= python3
BIN := .venv/bin
RESULTS := generate/results

.PHONY: install demo test test-slow versions release test-browser test-deepinv pictures lint bench soak docs pages surrogates table clean

PIP := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt

install: .venv/installed

.venv/python: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "$(PYTHON) is %d.%d; dipbench needs Python 3.11 or newer: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/installed: .venv/python
	@echo "Installing all that the tests need, about 2 GB with torch; this takes some minutes"
	@$(PIP) --quiet -e ".[dev]"
	@# Syne Tune alone: what the adapter uses of it needs none of its gigabyte of dependencies.
	@$(PIP) --quiet --no-deps syne-tune psutil fastparquet cramjam
	@touch $@

.venv/demo: .venv/python
	@echo "Installing what the demo needs: torch, scikit-image, matplotlib and the library's own"
	@echo "requirements. torch is large; this takes a minute or more."
	@$(PIP) --quiet -e ".[generate,plot]"
	@touch $@

# Measure twelve small networks on photographs, assemble the table, query it, draw it.
demo: .venv/demo
	@echo "Measuring; a few minutes on two cores. Ctrl-C stops it, 'make demo' goes on."
	$(BIN)/python -m generate demo

# Two processes at a time, a file in one of them: its tests share what they measured.
TESTERS ?= 2
test: install
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile

# What the suite leaves out because it takes long, such as torch.compile and compiled GPU kernels.
test-slow: install
	$(BIN)/python -m pytest -m slow

# Tests that versions matter to, on Python 3.11 to 3.14, those that can be had, with the newest and
# lowest versions of what the library needs; `python tests/versions.py --help` says which.
versions: install
	$(BIN)/python tests/versions.py

# Wheel and sdist of the commit in dist/, checked, and the wheel tried on each Python that can be
# had; PYTHONS names them. It uploads nothing and sets no tag.
PYTHONS ?=
release: .venv/release
	$(BIN)/python -m tests.release $(PYTHONS)

.venv/release: .venv/python
	@$(PIP) --quiet -e ".[release]"
	@touch $@

# The explorer in Chromium or Chrome, which the machine must have; DIPBENCH_CHROMIUM says where.
test-browser: install .venv/browser
	$(BIN)/python -m pytest tests/browser

# The pictures of docs/explorer.md, taken in the same browser.
pictures: install .venv/browser
	$(BIN)/python -m tests.browser.pictures

.venv/browser: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[browser]"
	@touch $@

# The examples with deepinv, which needs a torchvision and so another torch than ours.
test-deepinv: .venv-deepinv/installed
	PYTHONPATH=. .venv-deepinv/bin/python -m pytest -s -p no:cacheprovider -c /dev/null --rootdir . tests/deepinv

.venv-deepinv/installed: pyproject.toml
	$(PYTHON) -m venv .venv-deepinv
	.venv-deepinv/bin/python -m pip install --quiet --disable-pip-version-check -e . "deepinv>=0.5" pytest
	@touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m pytest tests/bench --benchmark-columns=min,median,max,rounds

# Kill runs, here and on Ray, publications and downloads at random moments; the tables must come out
# as if nothing had happened.
KILLS ?= 200
soak: install
	$(BIN)/python -m tests.soak $(KILLS)

docs: install
	$(BIN)/sphinx-build -W -q docs docs/_build

# Make the generated pages anew from the embedded tables: findings, proxies, datasheet, README.
# The picture at the head of the README is measured, by docs/front.py.
pages: install
	$(BIN)/python docs/pages.py

# Fit the surrogates anew to the embedded tables and to the measured nominees; minutes.
surrogates: install
	$(BIN)/python docs/surrogates.py

# Rebuild each embedded table from its measured shards, byte for byte.
TABLES := $(notdir $(patsubst %/manifest.json,%,$(wildcard dipbench/data/*/manifest.json)))
table: install $(TABLES:%=table-%)
table-%: install
	$(BIN)/python -m generate assemble --protocol $* --results $(RESULTS) --out dipbench/data/$*

clean:
	rm -rf .venv .venv-deepinv docs/_build demo dist
