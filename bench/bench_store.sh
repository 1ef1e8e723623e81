#!/usr/bin/env bash
# The workspace at a million samples.  usage: bench/bench_store.sh [ROWS]
. "$(dirname "$0")/common.sh"
rm -rf "$scratch/bench.winnow"
taskset -c "$cores" "$programs/bench_store" "$scratch" "${1:-1000000}"
rm -rf "$scratch/bench.winnow"
