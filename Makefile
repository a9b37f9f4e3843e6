# The few commands of the project. PROFILE is sample, rruff or paper; RRUFF_URL is where the
# archives are (https://…, file:///… or a folder) and is not used by the sample profile. GEOCODERS
# names geocoding services (see docs/georeferencing.md), NOMINATIM_URL and the like one's own.
PROFILE ?= sample
RRUFF_URL ?=
PYTHON ?= python3
PORT ?= 3000
PAGE_PORT ?= 8765

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export RRUFF_URL
export RAMAN_PIPELINE_PROFILE := $(PROFILE)

.PHONY: run backfill experiments cluster build-library synthetic-benchmark page ui status test test-long lint \
  sample-archives bench bench-env clean study library synthetic sample peers

run: $(VENV)/installed ## materialise everything that is missing or stale
	@$(BIN)/raman-pipeline run

backfill: $(VENV)/installed ## train and test every family on fold x split
	@$(BIN)/raman-pipeline backfill

experiments: $(VENV)/installed ## significance, input ablation, learning curve, duplicates
	@$(BIN)/raman-pipeline experiments

cluster: $(VENV)/installed ## train and evaluate autoencoders, cluster their latents
	@$(BIN)/raman-pipeline cluster

build-library: $(VENV)/installed ## build and evaluate the mineral library
	@$(BIN)/raman-pipeline build-library

synthetic-benchmark: $(VENV)/installed ## generate synthetic sets; evaluate baselines and peak models
	@$(BIN)/raman-pipeline synthetic-benchmark

page: $(VENV)/installed ## identify files in the browser, on this machine
	@$(BIN)/raman-pipeline page --port $(PAGE_PORT)

ui: $(VENV)/installed ## open Dagster on the same instance
	@$(BIN)/raman-pipeline ui --port $(PORT)

status: $(VENV)/installed ## show every asset
	@$(BIN)/raman-pipeline status

test: $(VENV)/installed-test lint ## lint, then the tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-long: $(VENV)/installed-test ## random kills, the long fuzz, geocoding of the whole sample
	@$(BIN)/python -m pytest -n 2 -m long

lint: $(VENV)/installed-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy

sample-archives: $(VENV)/installed ## regenerate the embedded sample archives
	@$(BIN)/python -m raman_pipeline.rruff.simulated raman_pipeline/embedded/rruff-sample

bench: $(VENV)/installed ## measure ingestion of RRUFF_URL's archives, and start-up; writes docs/
	@$(BIN)/python -m benchmarks.faults > /dev/null
	@$(BIN)/python -m benchmarks.ingestion $(or $(RRUFF_URL),raman_pipeline/embedded/rruff-sample)
	@$(BIN)/python -m benchmarks.loading

bench-env: ## install the packages that `make bench` compares with, in their own environment
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip --disable-pip-version-check install --quiet ramanspy==0.2.10 ramanchada2==1.5.0

clean: ## remove what runs produced; the environment stays
	rm -rf data/store

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which with make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (once; torch is large)"
	@$(PIP) install --quiet --constraint constraints.txt torch==2.13.0
	@$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@

# Names of the former version.
study: experiments
library: build-library
synthetic: synthetic-benchmark
sample: sample-archives
peers: bench-env
