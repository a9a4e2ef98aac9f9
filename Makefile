# `make run` and `make test` set up all they need. PYTHON names the interpreter the environment is made from.
PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint setup setup-dev system clean lock

run: setup
	$(BIN)/python -m pipeline run $(ARGS)

# Two processes, whatever the machine: each holds TensorFlow and up to three GiB.
test: setup-dev system lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

setup: $(VENV)/.run
setup-dev: $(VENV)/.dev

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed; this is %d.%d. Name one: make PYTHON=python3.12 …" % v)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# Tests open the report in a real browser, log to a real PostgreSQL, and have units and crontabs checked by systemd and
# cron. Installed where root and apt exist; otherwise the test says what is missing.
NEEDED := chromium fonts-liberation postgresql cron systemd
system:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! dpkg -s $(NEEDED) >/dev/null 2>&1; then \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $(NEEDED) >/dev/null; \
	fi

clean:
	rm -rf work .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The pins, compiled from pyproject.toml with uv; the extras keep the core's versions.
COMPILE := uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet
lock:
	$(COMPILE) -o requirements.txt pyproject.toml
	for extra in dev gpu spark server; do $(COMPILE) --extra $$extra -c requirements.txt -o requirements-$$extra.txt pyproject.toml; done
