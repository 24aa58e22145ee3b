# Lectern from a bare clone: `make run` to use it, `make test` to check it. Nothing global changes.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
# Many tests wait for motions at the speed of the clock, so two run at once.
PYTEST_ARGS ?= --numprocesses 2 --dist loadfile
COLCON_ARGS ?=
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install install-dev install-ros run test bench ros ros-test lock clean

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed  ## Make the environment in .venv, with the command .venv/bin/lectern

install-dev: $(VENV)/.installed-dev  ## The same, with what the tests want

install-ros: $(VENV)/.installed-ros  ## The same, with what building the ROS workspace wants

run: install  ## Index the book if needed, start everything, print the address (PORT=8000)
	@$(BIN)/lectern up --port $(PORT)

test: install-dev  ## Run every test that this machine can run
	$(BIN)/python -m pytest $(PYTEST_ARGS)

bench: install-dev  ## Measure, and print JSON
	$(BIN)/python -m benchmarks

ros: install-ros  ## Build the ROS workspace into build/ and install/ (COLCON_ARGS=--symlink-install)
	@VENV="$(VENV)" tools/ros.sh build $(COLCON_ARGS)

ros-test: ros  ## Test the ROS workspace
	@VENV="$(VENV)" tools/ros.sh test --return-code-on-test-failure

lock:  ## Pin all dependencies anew (needs uv)
	tools/lock.sh

clean:  ## Remove the environment, what was built and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf build install log

$(VENV)/.installed: requirements/build.txt requirements/run.txt requirements/model.txt pyproject.toml
	@PYTHON="$(PYTHON)" VENV="$(VENV)" tools/install.sh build run model
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	@PYTHON="$(PYTHON)" VENV="$(VENV)" tools/install.sh dev
	@touch $@

$(VENV)/.installed-ros: $(VENV)/.installed requirements/ros.txt
	@PYTHON="$(PYTHON)" VENV="$(VENV)" tools/install.sh ros
	@touch $@
