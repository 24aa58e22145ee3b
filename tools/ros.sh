#!/usr/bin/env bash
# Run colcon from the root with the environment's Python, so that the nodes get it too.
#   VENV=.venv tools/ros.sh build [ARGUMENTS OF COLCON]
set -euo pipefail
cd "$(dirname "$0")/.."
VENV=$(realpath "${VENV:-.venv}")

fail() {
    echo "error: $*" >&2
    exit 1
}

if [ -z "${AMENT_PREFIX_PATH:-}" ]; then
    setup=/opt/ros/${ROS_DISTRO:-humble}/setup.bash
    [ -f "$setup" ] || fail "there is no ROS 2: $setup is missing. Source the setup.bash of yours."
    set +u
    # shellcheck disable=SC1090
    . "$setup"
    set -u
fi
"$VENV/bin/python" -c 'import rclpy' || fail "$VENV has $("$VENV/bin/python" -V), which cannot use \
the rclpy of ROS 2 ${ROS_DISTRO:-}; the lines above say why. Another Python: make ros PYTHON=... VENV=..."

# CMake looks at these two.
export VIRTUAL_ENV=$VENV PATH=$VENV/bin:$PATH
exec python -m colcon "$@"
