#!/usr/bin/env bash
# run.sh TEST.sh [--update]: runs one test of the program in a scratch folder and compares what it printed.
#
# Beside NAME.sh may stand NAME.stdout.exact (all of standard output), NAME.stdout.glob (one shell pattern for each
# line) and NAME.exit (exit status). Without them a test ends with status 0 and prints nothing. --update rewrites the
# expectations. The environment gives WINNOW (the program) and IMAGES (a folder of sample images).
set -u
test=$(realpath "$1"); update=${2:-}
base=${test%.sh}; name=$(basename "$base")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/winnow-cli-$name.XXXXXX")
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
bash -eu -o pipefail "$test" >"$scratch/.stdout" 2>"$scratch/.stderr"
status=$?

fail() {
    echo "$name: $1"
    echo "--- standard error"; tail -n 40 "$scratch/.stderr"
    echo "--- standard output"; head -n 80 "$scratch/.stdout"
    exit 1
}

if [ "$update" = --update ]; then
    rm -f "$base.exit" "$base.stdout.exact"
    [ $status -eq 0 ] || echo $status >"$base.exit"
    [ -e "$base.stdout.glob" ] || [ ! -s .stdout ] || cp .stdout "$base.stdout.exact"
    exit 0
fi

expected=0; [ ! -e "$base.exit" ] || expected=$(cat "$base.exit")
[ "$status" -eq "$expected" ] || fail "exit status $status, expected $expected"
if [ -e "$base.stdout.glob" ]; then
    mapfile -t lines <.stdout; mapfile -t patterns <"$base.stdout.glob"
    [ ${#lines[@]} -eq ${#patterns[@]} ] || fail "${#lines[@]} lines, expected ${#patterns[@]}"
    for i in "${!patterns[@]}"; do
        # shellcheck disable=SC2053
        [[ ${lines[$i]} == ${patterns[$i]} ]] || fail "line $((i + 1)) is '${lines[$i]}', expected '${patterns[$i]}'"
    done
elif [ -e "$base.stdout.exact" ]; then
    cmp -s .stdout "$base.stdout.exact" || fail "$(diff .stdout "$base.stdout.exact" | head -n 20)"
else
    [ ! -s .stdout ] || fail "printed something, expected silence"
fi
