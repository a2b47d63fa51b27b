# One vocabulary of commands, for people, pre-commit and .ci/run alike. `make` alone lists them.
# Variables: PYTHON=/path/to/python3.12 (to make the environment with), PORT=8081 (of Airflow's web page).

VENV := .venv
PY := $(VENV)/bin/python
UV := $(PY) -m uv
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
QUIET := $(if $(CI),-q)
PORT_OPTION := $(if $(PORT),--port $(PORT))
CACHES := .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist evergreen_ml.egg-info

# A process that compiles its modules at every start takes twice as long to start, and Airflow starts many.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help venv demo up down status clean test torture check format lock screenshots bench

help: ## List the commands
	@printf 'Evergreen keeps machine-learning models fresh on Airflow.\n\n'
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nVariables: PYTHON=/path/to/python3.12, PORT=8081\n'

venv: $(READY) ## Make the environment in .venv, if it is missing or out of date

demo: $(READY) ## Watch Airflow keep a model fresh over a simulated year (at most ten minutes)
	@$(PY) -m demo demo $(PORT_OPTION)

up: $(READY) ## Start Airflow again, with the demo's model
	@$(PY) -m demo up $(PORT_OPTION)

down: ## Stop Airflow
	@$(ANY_PYTHON) -m demo down

status: ## Say whether Airflow runs, where, and how to log in
	@$(ANY_PYTHON) -m demo status

clean: ## Stop Airflow and remove all that was made: .evergreen (records and models too), .venv, caches
	@if [ -d .evergreen ]; then $(ANY_PYTHON) -m demo down; fi
	rm -rf .evergreen $(VENV) $(CACHES)
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

test: $(READY_DEV) ## Run all tests, on every core
	$(PY) -m pytest -n auto --no-loadscope-reorder

torture: $(READY_DEV) ## Run the long campaigns against the promises of docs/reliability.md (more than an hour)
	OMP_NUM_THREADS=1 nice -n 10 $(PY) -m pytest -m torture -s tests/torture

check: $(READY_DEV) ## Check format, lint, types, import contracts and the house rules
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	PYTHONPATH=plugins $(VENV)/bin/lint-imports
	$(PY) -m pytest -q tests/architecture

format: $(READY_DEV) ## Format the code and mend what the linter can mend
	$(VENV)/bin/ruff check --fix-only -q .
	$(VENV)/bin/ruff format .

lock: $(READY_DEV) ## Resolve requirements/*.in anew into requirements*.txt
	cd requirements && ../$(UV) pip compile --universal --python-version 3.11 --upgrade -q airflow.in -o ../requirements.txt
	cd requirements && ../$(UV) pip compile --universal --python-version 3.11 --upgrade -q dev.in -c ../requirements.txt -o ../requirements-dev.txt

screenshots: $(READY_DEV) ## Make the pictures of the console in docs/images anew (needs Chromium)
	$(PY) -m tests.browser.screenshots

bench: $(READY_DEV) ## Run the benchmarks
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(PY) "$$script" || exit 1; done

# The environment's own Python; before there is one, any that can read our sources.
ANY_PYTHON = $(if $(wildcard $(PY)),$(PY),$(or $(PYTHON),python3))

# The first Python of a version that Airflow 3.3 and we support; a clear sentence if there is none.
define FIND_PYTHON
found=; seen=; \
for candidate in $(or $(PYTHON),python3.12 python3.11 python3 python); do \
	version=$$("$$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || \
		{ if command -v "$$candidate" >/dev/null; then seen="$$seen $$candidate does not run;"; fi; continue; }; \
	seen="$$seen $$candidate is $$version;"; \
	case "$$version" in 3.11.*|3.12.*) found="$$candidate"; break;; esac; \
done; \
if [ -z "$$found" ]; then \
	echo "Evergreen needs Python 3.11 or 3.12. Found:$${seen:- no Python at all.}" >&2; \
	echo "Install one of them, or say where it is: make demo PYTHON=/path/to/python3.12" >&2; \
	exit 1; \
fi
endef

$(READY): requirements.txt requirements/library.in pyproject.toml
	@$(FIND_PYTHON); \
	if [ ! -x $(PY) ]; then \
		echo "Making the environment in $(VENV) with $$found (once; a few minutes) ..."; \
		"$$found" -m venv $(VENV) || { \
			echo "$$found cannot make an environment. On Debian and Ubuntu: apt install python3-venv" >&2; \
			rm -rf $(VENV); exit 1; }; \
	fi
	@$(PY) -m pip install -q --disable-pip-version-check uv
	@$(UV) pip install $(QUIET) --python $(PY) --compile-bytecode -r requirements.txt
	@$(UV) pip install -q --python $(PY) --no-deps -e .
	@touch $@

$(READY_DEV): $(READY) requirements-dev.txt
	@$(UV) pip install $(QUIET) --python $(PY) --compile-bytecode -r requirements-dev.txt
	@touch $@
