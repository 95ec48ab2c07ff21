# `make` shows what there is to do. Everything is installed below .venv and .tools, nothing elsewhere.
.DEFAULT_GOAL := help
.PHONY: help demo test lint golden conformance interop robustness bench audit licences permissions clean

PYTHON ?= python3
BIN := .venv/bin
# What is left beside the sources would be baked into the projects that `make demo` and `make bench` generate.
export PYTHONDONTWRITEBYTECODE := 1
export RUFF_NO_CACHE := true
PYTEST := $(BIN)/python -m pytest --quiet -p no:cacheprovider

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv/.ready: pyproject.toml
	@echo "Installing the template's tools into .venv (once, about a minute) ..."
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed.')"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --group dev
	@touch $@

demo: .venv/.ready ## Generate the default project and let a real client call its tools
	@rm -rf build/demo
	@$(BIN)/cookiecutter --no-input --output-dir build/demo .
	@$(MAKE) --no-print-directory -C build/demo/my-mcp-server tour
	@echo "This was build/demo/my-mcp-server; 'make dev' there keeps it running, and its README says how to deploy it."

# In this order, so that what is quick to check fails first.
test: .venv/.ready lint ## Run every test of the template
	@$(PYTEST) --numprocesses=2 tests/test_source.py tests/test_golden.py tests/test_benchmarks.py tests/test_tool_schema.py \
		tests/test_engine.py tests/local
	@$(PYTEST) --numprocesses=2 tests/test_template.py tests/test_permissions.py tests/supply tests/test_answers.py tests/test_tree.py
	@$(PYTEST) --numprocesses=2 tests/test_project.py
	@# A file is for one process, because each process would build its artifacts anew.
	@$(PYTEST) --numprocesses=2 --dist=loadscope tests/e2e tests/interop tests/conformance tests/robustness/test_fuzz.py \
		tests/robustness/test_memory.py

lint: .venv/.ready
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

golden: .venv/.ready ## Write the kept renders below tests/golden anew
	@UPDATE_GOLDEN=1 $(BIN)/python -m pytest --quiet tests/test_golden.py

conformance: .venv/.ready ## Hold built projects to the official MCP conformance suite
	@$(PYTEST) tests/conformance

bench: .venv/.ready ## Measure it beside what else serves MCP on Lambda, and write benchmarks/ (ARGS=--redraw: write alone)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench
	@PYTHONPATH="tests:{{cookiecutter.project_slug}}" $(BIN)/python -m benchmarks $(ARGS)

interop: .venv/.ready ## Send every client to every endpoint, and write what works
	@INTEROP_TABLE=tests/interop/README.md $(PYTEST) -vv --durations=0 tests/interop

audit: .venv/.ready ## Ask PyPI for known vulnerabilities of what ships and of the tools
	@cd tests && ../$(BIN)/python -m supply.audit

licences: .venv/.ready ## Write the page of what ships, with its licences, anew
	@UPDATE_GOLDEN=1 $(PYTEST) tests/supply/test_artifacts.py -k licence

permissions: .venv/.ready ## Write the page of all that roles and policies allow anew
	@UPDATE_GOLDEN=1 $(PYTEST) tests/supply/test_permissions_page.py

# One after the other: what is measured would otherwise be each other's work.
robustness: .venv/.ready ## Break it on purpose, at full size: fuzz, load, memory, faults (half an hour)
	@$(PYTEST) --verbose --hypothesis-profile=full tests/robustness tests/e2e/test_faults.py

clean: ## Remove everything that was installed or built
	@rm -rf .venv .tools build
