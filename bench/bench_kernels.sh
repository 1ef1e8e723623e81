#!/usr/bin/env bash
# Each kernel at each processor level beside the peak of one core.  usage: bench/bench_kernels.sh [TEXT IN THE NAME]
. "$(dirname "$0")/common.sh"
taskset -c "$core" "$programs/bench_kernels" ${1:+--only="$1"}
