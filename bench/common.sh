# shellcheck shell=bash
# What the benchmark scripts share; each begins with:  . "$(dirname "$0")/common.sh"
#
# A benchmark prints blocks like
#
#   winnow add -j 1              512.3 photos/s    best 520.1, median 512.3 of 5   target at least 400: reached
#     peer   vips_thumbnail      151.0 photos/s    best 152.2, median 151.0 of 5   3.39 times as fast, target 3: reached
#     floor  Huffman decoding   1032.0 photos/s    1.98 times the time of the floor
#
# Medians are compared. Settings, all optional:
#   BENCH_SCRATCH   folder for files that the benchmarks make (default build/bench-data; kept, and used again)
#   BENCH_RUNS      how often each figure is taken (default 3)
#   BENCH_CORES     cores to use, as taskset counts them (default 0,1; of them the first for one core)
#   PYTHON          Python with numpy and torch for the peers (default python3)
set -euo pipefail
shopt -s lastpipe # `figure` remembers what `peer` and `floor` compare with
cd "$(dirname "${BASH_SOURCE[0]}")/.."
programs=build/release/bench
winnow=build/release/winnow
scratch=${BENCH_SCRATCH:-build/bench-data}
runs=${BENCH_RUNS:-3}
cores=${BENCH_CORES:-0,1}
core=${cores%%,*}
PYTHON=${PYTHON:-python3}
mkdir -p "$scratch"

skip() {
    echo "skipped: $*"
    exit 0
}

[ -x "$winnow" ] && [ -x "$programs/run_measured" ] ||
    skip "not built; 'make build' and 'cmake --build build/release --target benches' do it"

# has_python MODULE ...
has_python() {
    local modules
    modules=$(IFS=,; echo "$*")
    "$PYTHON" -c "import $modules" 2>/dev/null
}

# What a line of JSON says for a key.  json KEY FILE
json() {
    sed -n 's/.*"'"$1"'": *"\{0,1\}\([-+.0-9a-zA-Z_]*\).*/\1/p' "$2" | tail -n 1
}

# Runs a command on given cores and appends seconds, processor seconds and peak bytes to LOG.
# measured LOG CORES COMMAND...
measured() {
    local log=$1 on=$2
    shift 2
    taskset -c "$on" "$programs/run_measured" "$log" "$@"
}

calc() { awk "BEGIN { printf \"%.6g\", ($*) }"; }

# column N of a file of numbers, one a line
column() { awk -v n="$1" '{ print $n }' "$2"; }

# Rates from a column of seconds.  rates COUNT N FILE
rates() { awk -v count="$1" -v n="$2" '{ print count / $n }' "$3"; }

# "BEST MEDIAN COUNT" of the numbers on standard input; the best is the highest or the lowest.  best_median higher|lower
best_median() {
    sort -g | awk -v side="$1" '{ v[NR] = $1 }
        END { if (NR == 0) exit 1; best = side == "higher" ? v[NR] : v[1]
              print best, NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2, NR }'
}

last_figure=
last_side=

line() { printf '%-34s %10.5g %-14s %s\n' "$@"; }

# times FIGURE OTHER: how many times FIGURE is as fast as OTHER
times() { if [ "$last_side" = higher ]; then calc "$1 / $2"; else calc "$2 / $1"; fi; }

verdict() { # VALUE at-least|at-most TARGET
    local word
    if [ "$2" = at-least ]; then word=$(calc "$1 >= $3"); else word=$(calc "$1 <= $3"); fi
    if [ "$word" = 1 ]; then echo "reached"; else echo "MISSED"; fi
}

# figure NAME UNIT higher|lower [TARGET] <NUMBERS     the measured thing; higher or lower is better
figure() {
    local best median count note
    read -r best median count < <(best_median "$3") || { echo "$1: no figures" >&2; exit 1; }
    last_figure=$median last_side=$3
    note=$(printf 'best %.5g, median %.5g of %d' "$best" "$median" "$count")
    if [ -n "${4:-}" ]; then
        local bound=at-least
        [ "$3" = higher ] || bound=at-most
        note="$note   target ${bound/-/ } $4: $(verdict "$median" "$bound" "$4")"
    fi
    line "$1" "$median" "$2" "$note"
}

# peer NAME UNIT [TARGET] <NUMBERS     somebody else's figure for the same
peer() {
    local best median count note ratio
    read -r best median count < <(best_median "$last_side") || { echo "$1: no figures" >&2; exit 1; }
    ratio=$(times "$last_figure" "$median")
    note=$(printf 'best %.5g, median %.5g of %d   winnow is %.2f times as fast' "$best" "$median" "$count" "$ratio")
    [ -z "${3:-}" ] || note="$note, target $3: $(verdict "$ratio" at-least "$3")"
    line "  peer   $1" "$median" "$2" "$note"
}

# floor NAME UNIT VALUE     what nobody can beat on this machine
floor() {
    line "  floor  $1" "$3" "$2" "$(printf 'winnow takes %.2f times the time of the floor' "$(times "$3" "$last_figure")")"
}
