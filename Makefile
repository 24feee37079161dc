# make demo [PORT=8123] [ONCE=1]   one request from application to licence, then http://localhost:8000
# make country [PORT=8123] [ONCE=1]  the centre and two governorates on this machine, linked: http://centre.localhost:8000
# make test                        the seeded subset, some 15 minutes on two cores; make test-all runs everything
# make faults [KILLS=200] [CASES=120] [LIVES=300] [REQUESTS=10000]   the long fault run; LINK=1: a million behind a cut line
# make lint · bench · lock · clean
PORT ?= 8000
ONCE ?=
PY := .venv/bin/python
MAKEFLAGS += --no-print-directory

.PHONY: demo country test test-all lint bench faults docs lock clean environment

demo:
	@infra/prepare.sh environment demo
	@infra/prepare.sh assets
	@infra/prepare.sh debian demo
	@PORT=$(PORT) ONCE=$(ONCE) $(PY) -m infra.demo

country:
	@infra/prepare.sh environment demo
	@infra/prepare.sh assets
	@infra/prepare.sh debian country
	@PORT=$(PORT) ONCE=$(ONCE) $(PY) -m infra.country

environment:
	@infra/prepare.sh environment dev
	@infra/prepare.sh assets

test: environment
	@infra/prepare.sh debian test
	@$(PY) -m infra.tests -m "not slow"

test-all: environment
	@infra/prepare.sh debian test
	@SHUBBAK_SCREENS=1 SHUBBAK_THOROUGH=1 $(PY) -m infra.tests

lint: environment
	@infra/lint.sh

MILLION ?=
bench: environment
	@infra/prepare.sh debian bench
	@MILLION=$(MILLION) $(PY) -m tests.load.bench

KILLS ?= 200
CASES ?= 120
LIVES ?= 300
REQUESTS ?= 10000
LINK ?=
faults: environment
	@infra/prepare.sh debian test
	@SHUBBAK_KILLS=$(KILLS) SHUBBAK_CASES=$(CASES) SHUBBAK_LINK_REQUESTS=$(REQUESTS) \
		SHUBBAK_LINK_BACKLOG=$(if $(LINK),1000000,20000) $(PY) -m pytest -m faults
	@SHUBBAK_LIVES=$(LIVES) $(PY) -m pytest tests/integration/test_requests_life_model.py

docs: environment
	@$(PY) -m infra.docs

# The lock names versions and hashes, never where they came from.
LOCK = $(PY) -m piptools compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-emit-find-links \
	--no-emit-index-url --no-emit-trusted-host
lock: environment
	$(LOCK) --output-file=requirements.txt requirements.in
	$(LOCK) --output-file=requirements-demo.txt requirements-demo.in
	$(LOCK) --output-file=requirements-dev.txt requirements-dev.in
	$(LOCK) --output-file=requirements-npm.txt requirements-npm.in

clean:
	rm -rf .venv build services/gateway/web/node_modules services/gateway/web/static/vendor .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
