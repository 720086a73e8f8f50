# Every recipe that a person, a hook or a continuous integration calls is defined here, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := app pipelines hits analysis models migrations

.DEFAULT_GOAL := help

.PHONY: help install format lint types imports spelling check browser test coverage screenshots demo serve migrate migration translations benchmarks clean

help:  ## list these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(BIN)/earwitness: pyproject.toml
	sh .ci/make-venv $(PYTHON) $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[benchmarks,dask,demo,dev,egemaps,encoder,onnx,peers,postgresql,redis]'
	@# For RNNoise's library alone: what its wrapper depends on contradicts audiomentations, and is not needed.
	$(BIN)/python -m pip install --quiet --no-deps 'pyrnnoise>=0.4.5' || echo "no pyrnnoise: RNNoise's tests are skipped"
	@touch $@

install: $(BIN)/earwitness  ## set up .venv with the package, its tests and the demo's voices

format: install  ## write the code as ruff would
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet .

lint: install  ## formatting and lint, nothing is changed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell $(PACKAGES) tests docs *.md

types: install  ## mypy, strict
	$(BIN)/mypy

imports: install  ## the import contracts of pyproject.toml
	$(BIN)/lint-imports

check: lint types imports  ## format, lint, types, import contracts

browser:  ## Debian's chromium for the browser tests, where it may be installed
	@command -v chromium >/dev/null || sh .ci/install-chromium

test: install browser  ## all tests, in a real browser and on real databases
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

coverage: install browser  ## all tests, with what they cover
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term

screenshots: install browser  ## pictures of every page, on phone and desk, by day and night, in screenshots/
	EARWITNESS_SCREENSHOTS=screenshots $(BIN)/pytest -q -n auto --dist loadfile --no-loadscope-reorder tests/browser

demo: install  ## the whole river on sound made here; ends with the pages open
	$(BIN)/earwitness demo

serve: install  ## the pages of the study in STUDY=folder
	$(BIN)/earwitness serve --study $(or $(STUDY),demo-study)

migrate: install  ## bring the tables of the study in STUDY=folder up to date
	$(BIN)/earwitness db upgrade --study $(or $(STUDY),demo-study)

migration: install  ## write a revision of the study's tables: make migration MESSAGE="why"
	$(BIN)/python -m migrations.study "$(MESSAGE)"

translations: install  ## read the pages' messages into every language's catalogue
	$(BIN)/python -m app.extraction

benchmarks: install  ## how fast the hot paths are, against peers in the same run
	for one in speed features rooms stretching votes pairs annotators; do PYTHONPATH=. OMP_NUM_THREADS=1 $(BIN)/python -W ignore tests/benchmarks/$$one.py || exit 1; done

clean:  ## remove what was built; studies stay
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
