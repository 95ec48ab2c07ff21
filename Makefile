# `make` shows what there is to do. Everything is installed below .venv and .tools, nothing elsewhere.
.DEFAULT_GOAL := help
.PHONY: help demo test lint golden bench robustness clean

PYTHON ?= python3
BIN := .venv/bin
# What is left beside the sources would be baked into the projects that `make demo` and `make bench` generate.
export PYTHONDONTWRITEBYTECODE := 1
export RUFF_NO_CACHE := true
PYTEST := $(BIN)/python -m pytest --quiet -p no:cacheprovider

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
	@$(PYTEST) --numprocesses=2 tests/test_source.py tests/test_answers.py tests/test_tree.py tests/test_golden.py
	@$(PYTEST) --numprocesses=2 tests/robustness/test_fuzz.py tests/robustness/test_memory.py tests/local tests/test_engine.py tests/test_template.py
	@$(PYTEST) --numprocesses=2 tests/test_project.py
	@# A file is for one process, because each process would build its artifacts anew.
	@$(PYTEST) --numprocesses=2 --dist=loadscope tests/e2e

lint: .venv/.ready
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

golden: .venv/.ready ## Write the kept renders below tests/golden anew
	@UPDATE_GOLDEN=1 $(BIN)/python -m pytest --quiet tests/test_golden.py

bench: .venv/.ready ## Measure the built artifact in the Lambda runtime
	@$(BIN)/python benchmarks/run.py

# One after the other: what is measured would otherwise be each other's work.
robustness: .venv/.ready ## Break it on purpose, at full size: fuzz, load, memory, faults (about ten minutes)
	@$(PYTEST) --verbose --hypothesis-profile=full tests/robustness tests/e2e/test_faults.py

clean: ## Remove everything that was installed or built
	@rm -rf .venv .tools build
