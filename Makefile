# Everything runs in .venv, which `make setup` creates from pyproject.toml.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup check format lint types test thorough conformance docs bench bench-peers bench-faces bench-distributed-map bench-report photos

setup: .venv/ready
.venv/ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch .venv/ready

check: setup lint types test            ## what a change must pass

lint: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: setup
	$(BIN)/mypy

test: setup
	$(BIN)/python -m pytest

thorough: setup                         ## the property tests, many examples, new ones every time
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest tests/properties

conformance: setup                      ## the score against executions recorded from AWS
	$(BIN)/python tests/conformance/score.py

docs: setup                             ## print the tables into the pages
	$(BIN)/python scripts/print_docs.py

bench: setup                            ## our time against hand-written floors: ratios, growth, memory
	$(BIN)/python bench/run.py

bench-peers: setup                      ## the same for other interpreters, installed into bench/.peers
	$(BIN)/python bench/peers.py

bench-distributed-map: setup            ## a CSV of a million rows through a Distributed Map: memory, rows per second
	$(BIN)/python bench/distributed_map.py

bench-faces: setup                      ## detection, sunglasses and similarity on photos from package registries
	$(BIN)/python bench/faces.py

bench-report: setup                     ## the report of 70,000 events: its size, and the time to make, open and filter it
	$(BIN)/python bench/report.py

photos: setup                           ## the photo workflow
	$(BIN)/python examples/rider_photos/run.py

screenshots: setup                      ## README's pictures of graphs and pages, by Chromium
	$(BIN)/python scripts/make_screenshots.py
