.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# Compiled modules are kept whatever the caller's shell says: tests start many processes that load the same ones.
unexport PYTHONDONTWRITEBYTECODE
# Settings for `check` and other tools that do not serve requests.
CHECK_ENV := PORTAL_SECRET_KEY=only-for-checks-only-for-checks-only-for-checks-only-for-checks \
	PORTAL_ALLOWED_HOSTS=portal.example.com PORTAL_KEYRING_FILE=.cache/check/keyring.json PORTAL_STATE_DIR=.cache/check \
	DATABASE_URL=sqlite:///:memory:

.PHONY: help run test check format bench fuzz screenshot seed edge lock clean

help: ## List the goals
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.run ## Set up and serve the portal at http://127.0.0.1:8000/ (HOST, PORT, DATABASE_URL, DEMO=0, ...)
	@exec $(BIN)/python -m portal.quickstart

test: .venv/.dev ## Run every test: checks, SQLite, PostgreSQL, browser
	@deploy/prepare-machine.sh test
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m tests.support.postgresql $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not browser and not once"

check: .venv/.dev ## Lint, types, templates, migrations, deployment settings
	@mkdir -p .cache/check && test -f .cache/check/keyring.json \
		|| (umask 077 && $(BIN)/python -c "from keys.crypto.keyring import generate; print(generate('check'))" > .cache/check/keyring.json)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	git ls-files 'templates/*.html' 'templates/**/*.html' | xargs $(BIN)/djade --check --target-version 5.2
	@git ls-files '*.html' | xargs awk 'length > 160 { print FILENAME ":" FNR ": longer than 160 characters"; bad = 1 } END { exit bad }'
	$(BIN)/mypy
	$(CHECK_ENV) $(BIN)/python manage.py makemigrations --check --dry-run
	$(CHECK_ENV) $(BIN)/python manage.py check --deploy --fail-level WARNING

format: .venv/.dev ## Format Python code and templates
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	git ls-files 'templates/*.html' 'templates/**/*.html' | xargs $(BIN)/djade --target-version 5.2

bench: .venv/.dev ## Measure speed, as ratios to peers measured in the same run
	@deploy/prepare-machine.sh test
	$(BIN)/python -m tests.bench

fuzz: .venv/.dev ## Send 200,000 mutated requests, read mutated keys, lint 500 random issuances: make fuzz COUNT=200000 SEED=1
	$(BIN)/python -m tests.fuzz --count $(or $(COUNT),200000) $(if $(SEED),--seed $(SEED))

screenshot: .venv/.dev ## Renew the screenshot in the README
	@deploy/prepare-machine.sh test
	$(BIN)/python -m tests.support.screenshot

seed: .venv/.run ## Fill the database of `make run` with many keys: make seed COUNT=10000
	$(BIN)/python manage.py seed_keys --force --count $(or $(COUNT),10000)

edge: ## Build the edge's own program for other machines: dist/enroll-edge.pyz, and a .deb if dpkg-deb exists
	$(PYTHON) deploy/edge/build.py dist

lock: .venv/.dev ## Update the requirements with pins and hashes
	for name in requirements requirements-dev requirements-postgres; do \
		$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			--custom-compile-command "make lock" $$name.in -o $$name.txt || exit 1; done

clean: ## Remove the virtual environment and caches; keep var/
	rm -rf .venv .cache .pytest_cache .ruff_cache .mypy_cache .hypothesis test-results

.venv/bin/python:
	@deploy/prepare-machine.sh run
	$(PYTHON) -m venv .venv

.venv/.run: .venv/bin/python requirements.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/.dev: .venv/bin/python requirements-dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ .venv/.run
