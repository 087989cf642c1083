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
# What the font of the pages contains: Latin-1, Latin Extended-A, Romanian letters, the capital sharp s, punctuation, arrows.
LATIN := U+20-7E,U+A0-17F,U+218-21B,U+1E9E,U+2009-2014,U+2018-201E,U+2022,U+2026,U+202F,U+2032,U+2033,U+2039,U+203A,U+20AC,U+2122,U+2190-2193,U+2212

.PHONY: help run test check format bench fuzz screenshot font seed edge lock clean

help: ## List the goals
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.run ## Set up and serve the portal at http://127.0.0.1:8000/ (HOST, PORT, DATABASE_URL, DEMO=0, ...)
	@exec $(BIN)/python -m portal.quickstart

test: .venv/.dev ## Run every test: checks, SQLite, PostgreSQL, browser
	@deploy/prepare-machine.sh test
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m tests.support.postgresql $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not browser and not once"

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

font: ## Build static/fonts/inter.woff2: Inter for text in Latin script, weights 400 to 700, at most 40 KB
	$(PYTHON) -m venv .cache/font
	.cache/font/bin/python -m pip install -q --disable-pip-version-check fonttools==4.68.0 brotli==1.2.1 fontpkg-inter==4.1.post1
	.cache/font/bin/fonttools varLib.instancer .cache/font/lib/python3*/site-packages/fontpkg_inter/files/Inter\[opsz,wght\].ttf \
		opsz=14 wght=400:700 --no-recalc-timestamp -q -o .cache/font/inter.ttf
	.cache/font/bin/pyftsubset .cache/font/inter.ttf --flavor=woff2 --output-file=static/fonts/inter.woff2 \
		--layout-features=kern,mark,mkmk,ccmp,tnum --name-IDs=0,1,2,5,13,14 --unicodes=$(LATIN)
	cp .cache/font/lib/python3*/site-packages/fontpkg_inter/LICENSE static/fonts/LICENSE-inter.txt

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
