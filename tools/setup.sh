#!/bin/sh
# Installs the Debian packages of tools/packages.txt that are missing.  usage: tools/setup.sh build|check
set -eu
stage=${1:?usage: tools/setup.sh build|check}
list=$(dirname "$0")/packages.txt
wanted=$(awk -v stage="$stage" '!/^#/ && NF == 2 && ($1 == "build" || stage == "check") { print $2 }' "$list")
missing=
for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
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
