# `make demo` and `make test` do everything on a fresh machine: they make .venv first if it is not there.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test lint bench clean

demo: $(READY)
	@mkdir -p out
	$(BIN)/strokewright trace examples/cat.png -o out/demo.svg
	$(BIN)/strokewright convert out/demo.svg -o out/demo.png
	@echo "Traced examples/cat.png: out/demo.svg (ordered strokes), out/demo.png (preview)"

test: $(READY)
	$(BIN)/pytest -n 2

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[peers]'
	$(BIN)/strokewright bench renderers
	$(BIN)/strokewright bench trace

clean:
	rm -rf .venv out build dist

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@
