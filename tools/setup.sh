#!/bin/sh
# Installs what tools/packages.txt names and is missing: Debian packages for build or check; python puts Python packages
# into build/python (ONNX Runtime, which the tests of ONNX models run on).  usage: tools/setup.sh build|check|python
set -eu
stage=${1:?usage: tools/setup.sh build|check|python}
here=$(dirname "$0")

debian_packages() {
    missing=
    for package in $(awk -v stage="$stage" '
        !/^#/ && NF == 2 && ($1 == "build" || $1 == stage) { print $2 }' "$here/packages.txt"); do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "installing:$missing"
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    if [ -n "$as_root" ] && ! command -v sudo >/dev/null; then
        echo "these packages are missing and need an administrator:$missing" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    $as_root apt-get install -y -qq --no-install-recommends $missing
}

# What is not to be had (no network, no wheel for this processor) costs the tests that need it, and no others.
python_packages() {
    place=$here/../build/python
    wanted=$(awk '!/^#/ && NF == 2 && $1 == "pip" { print $2 }' "$here/packages.txt")
    [ "$(cat "$place/installed.txt" 2>/dev/null)" != "$wanted" ] || return 0
    echo "installing into build/python: $wanted"
    rm -rf "$place"
    # shellcheck disable=SC2086
    if python3 -m venv "$place" && "$place/bin/pip" install --disable-pip-version-check -q --no-deps $wanted; then
        echo "$wanted" >"$place/installed.txt"
    else
        echo "SKIP: '$wanted' could not be installed; the tests that need it will be counted as skipped" >&2
        rm -rf "$place"
    fi
}

if [ "$stage" = python ]; then python_packages; else debian_packages; fi
