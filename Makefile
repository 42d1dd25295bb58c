# `make` sets up and does the main job once; `make test` sets up and checks everything.
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/ready
SAMPLE := tests/submissions
WORKERS = $(shell $(BIN)/python -c "from llmcourse.course.environment import cores; print(cores() + 1)")

.DEFAULT_GOAL := all
.PHONY: all setup notebooks sample book test lab bench clean

all: notebooks sample book
	@echo
	@echo "The book          _build/html/index.html"
	@echo "Scores            grades/scores.csv, feedback in grades/feedback/"
	@echo "Learn             make lab, or: source .venv/bin/activate; llmcourse start; llmcourse check 1"
	@echo "Grade a class     llmcourse grade FOLDER --assignment 1"
	@echo "Check everything  make test"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: install Python 3.11, or say make PYTHON=python3.12"; exit 1; }
	@echo "Installing PyTorch and all else into .venv: some minutes, and some gigabytes with CUDA."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e ".[course,book,test]"
	@# pip compiles 16,000 files one after the other, which takes more than a minute: here all cores do.
	@$(BIN)/python -c "import compileall; compileall.compile_dir('.venv/lib', quiet=2, workers=0)"
	@touch $@
	@echo "Installed. Next:  make lab                               opens the exercises in JupyterLab"
	@echo "                  source .venv/bin/activate              then, in this terminal: llmcourse check 1"
	@echo "                  make                                   builds the book and grades the sample class too"

notebooks: $(READY)
	$(BIN)/llmcourse build

sample: notebooks
	$(BIN)/llmcourse grade $(SAMPLE) --assignment 01_tokenization --timeout 10 --trusted

book: notebooks
	$(BIN)/llmcourse book

# The small book runs every notebook with its solutions; its pages are then opened in a browser by tests/browser.
# One file of tests more than there are cores runs side by side: for a third of the time a test waits for processes that
# it has started. More than one thread each would wait for one another. Files in the order of tests/conftest.py.
test: $(READY)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/llmcourse build --check
	$(BIN)/llmcourse book --small --into _build/small
	LLMCOURSE_SMALL=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder tests llmcourse

lab: $(READY)
	$(BIN)/llmcourse start
	$(BIN)/llmcourse lab

bench: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf _build grades .pytest_cache .hypothesis .*_cache build dist *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
