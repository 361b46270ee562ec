# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
#
# The README names two of these: `make demo` and `make test`. Each sets up all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Three processes for two cores: most tests wait for real time to pass.
PARALLEL ?= --numprocesses 3 --dist worksteal
INSTALLED := $(VENV)/.installed
# A complete configuration, as an operator would have it, for Django's own checks.
CONFIGURED := APP_SECRET=0123456789abcdef LT_HPB_URL=https://hpb.example.com \
	LT_INTERNAL_SECRET=secret LT_STT_URL=https://stt.example.com

# For every platform and Python that we support, not for this machine alone. Versions in
# the locks stay; `make lock ARGS=--upgrade` takes the newest that the lists allow.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url

.PHONY: demo test check bench drill soak screenshots messages format lock audit packages

demo: $(INSTALLED) packages  ## Caption a local call of several speakers
	@$(BIN)/python manage.py demo $(ARGS)

test: $(INSTALLED) packages  ## Run all tests; ARGS go to pytest
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

bench: $(INSTALLED) packages  ## Measure; ARGS go to the command
	@$(BIN)/python manage.py bench $(ARGS)

drill: $(INSTALLED) packages  ## Make every fault in the middle of a call; ARGS name some
	@$(BIN)/python manage.py drill $(ARGS)

MINUTES ?= 30
soak: $(INSTALLED) packages  ## Caption a call for MINUTES while people come and go and things fail
	@$(BIN)/python manage.py soak --minutes $(MINUTES) $(ARGS)

screenshots: $(INSTALLED) packages  ## Take the pictures of the operators' pages in docs/images
	@$(BIN)/python manage.py screenshots $(ARGS)

check: $(INSTALLED)  ## Format, lint, types, Django's checks, missing migrations, licences
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(CONFIGURED) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/reuse lint --quiet || $(BIN)/reuse lint

messages: $(INSTALLED) packages  ## Collect the texts of the pages, and compile their translations
	@$(BIN)/python manage.py makemessages --locale fr --no-wrap --no-location --no-obsolete \
		--ignore .venv --ignore build --ignore devkit --ignore tests
	@$(BIN)/python manage.py compilemessages --ignore .venv

format: $(INSTALLED)  ## Put the code into its usual form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

packages:
	@sh devkit/packages.sh

lock: $(INSTALLED)  ## Pin every package with its hashes, after a change of requirements*.txt
	$(LOCK) $(ARGS) requirements.txt --output-file requirements.lock
	$(LOCK) $(ARGS) requirements-dev.txt --output-file requirements-dev.lock \
		--constraint requirements.lock

audit: $(INSTALLED)  ## Look for known vulnerabilities of what the image installs
	@$(BIN)/python manage.py audit $(ARGS)

$(INSTALLED): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Installing Python packages into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement requirements-dev.lock
	@touch $@
