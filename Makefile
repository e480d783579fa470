# Every target sets itself up: python3 >= 3.11 with venv, and make, are all a fresh machine needs.
SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
PACKAGES := drivers models edge_agent
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: setup demo check test coverage referees bench soak clean

setup: $(STAMP)

$(STAMP): constraints/dev.txt pyproject.toml
	@python3 -c 'import struct, sys; sys.exit("SEMDR Edge needs a 64-bit Python (no solver exists for 32-bit): install a 64-bit OS" if struct.calcsize("P") < 8 else "SEMDR Edge needs Python 3.11 or newer; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --require-hashes -r constraints/dev.txt
	$(PY) -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup
	$(VENV)/bin/semdr-edge demo

check: setup
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/codespell README.md CHANGELOG.md CONTRIBUTING.md docs $(PACKAGES) tests bench
	$(VENV)/bin/lint-imports
	$(VENV)/bin/mypy
	HYPOTHESIS_PROFILE=fast $(PY) -m pytest -q -n 2 -m "not slow and not referee and not soak"

test: setup
	$(PY) -m pytest -q -n 2 --dist worksteal -m "not referee and not soak"

coverage: setup
	$(PY) -m pytest -q -n 2 -m "not referee and not soak" --cov --cov-report=term:skip-covered

referees: setup
	sh tests/referees/packages.sh
	$(PY) -m pytest -q -m referee

bench: setup
	@for script in bench/[a-z]*.py; do $(PY) $$script --json || exit 1; done

soak: setup
	$(PY) -m pytest -q -m soak --timeout 7200
	HYPOTHESIS_PROFILE=explore $(PY) -m pytest -q -n 2 tests/site tests/guard tests/tracking tests/models tests/drivers_modbus

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* .import_linter_cache
