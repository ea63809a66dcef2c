# Commands for a fresh machine with Python 3.11 or newer and gcc. `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?= -n auto --dist worksteal
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint imports sanitize wheel docs linkcheck bench history figures model silicon clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.demo  ## install and run the balanced network; draws its spikes into results/
	$(BIN)/python examples/balanced_network.py --chip quantized

test: $(VENV)/.test  ## install what the tests need and run them all
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.test  ## style and types of the Python and Cython sources
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(BIN):$$PATH" cython-lint pynn_bss2sim/_core
	tests/types.sh $(BIN)/python

imports: $(VENV)/.test  ## imports run frontend -> mapping -> _core and never back
	$(BIN)/python -m pytest -q tests/unit/test_imports.py

sanitize: $(VENV)/.test  ## the core's tests under the address and undefined-behaviour sanitizers
	tests/sanitize.sh $(BIN)/python

wheel: $(VENV)/.built  ## build sdist and wheel, and try them in an empty environment
	PYTHON=$(PYTHON) tests/wheel.sh

docs: $(VENV)/.docs  ## build the site into docs/_build/html; runs tutorials and examples
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "site: docs/_build/html/index.html"

linkcheck: $(VENV)/.docs  ## follow the links of the site to other sites; needs network
	$(BIN)/python -m sphinx -q -b linkcheck -D nb_execution_mode=off -D plot_gallery=0 \
		docs docs/_build/linkcheck

bench: $(VENV)/.test  ## times of networks beside peers, of STDP, mapping and the engine; writes their pages
	$(BIN)/python benchmarks/mapping.py
	$(BIN)/python benchmarks/plasticity.py
	$(BIN)/python benchmarks/kernels.py
	$(BIN)/python benchmarks/run_networks.py
	$(BIN)/python benchmarks/instructions.py

history: $(VENV)/.test  ## times and instruction counts now, beside those kept from earlier on this machine
	$(BIN)/python -m pytest -q benchmarks/history --benchmark-autosave --benchmark-compare
	$(BIN)/python benchmarks/instructions.py --compare

figures: $(VENV)/.test  ## draw the pictures of the documentation again
	$(BIN)/python examples/balanced_network.py --chip quantized
	$(BIN)/python examples/mapping_report.py
	$(BIN)/python examples/ablation.py
	cp results/balanced_network_COBA_bss2sim_quantized.png docs/images/balanced_network.png
	cp results/chip.png docs/images/chip.png
	cp results/ablation.png docs/images/ablation.png

model: $(VENV)/.demo  ## write docs/model.md from the numbers in the code, measure docs/figures.md
	$(BIN)/python docs/make_model.py
	$(BIN)/python docs/make_figures.py

silicon: $(VENV)/.test  ## measure docs/silicon.md again: networks on ten chips, and on NEST
	$(BIN)/python docs/make_silicon.py

clean:  ## remove what was built and installed
	rm -rf $(VENV) build *.egg-info results docs/_build docs/gallery docs/features.md docs/face_names.md examples/results examples/*/results
	rm -f pynn_bss2sim/_core/*.so $(patsubst %.pyx,%.c,$(wildcard pynn_bss2sim/_core/*.pyx))

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)

# The package is built again when what it is made of has changed; pip then adds what an extra names.
# To byte code pip compiles only what it copies. Where Python writes none by itself, each import would
# compile an editable package anew, which takes longer than all else that the import does.
BUILD_INPUTS := pyproject.toml setup.py $(wildcard pynn_bss2sim/_core/*.p[xy][xd] pynn_bss2sim/_core/*.h \
	pynn_bss2sim/_core/kernels_*.c)

$(VENV)/.built: $(BUILD_INPUTS) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	$(BIN)/python -m compileall -q pynn_bss2sim mapping
	touch $@

$(VENV)/.demo: $(VENV)/.built
	$(BIN)/python -m pip install --quiet 'pynn_bss2sim[plot]'
	touch $@

$(VENV)/.test: $(VENV)/.built
	$(BIN)/python -m pip install --quiet 'pynn_bss2sim[test,peer]'
	touch $@ $(VENV)/.demo

$(VENV)/.docs: $(VENV)/.built
	$(BIN)/python -m pip install --quiet 'pynn_bss2sim[docs]'
	touch $@ $(VENV)/.demo
