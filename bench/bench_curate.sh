#!/usr/bin/env bash
# `winnow curate -n 1000` with a given model, everything included, and its memory under a limit of 1 GB.
# usage: bench/bench_curate.sh [FOLDER [MODEL]]     (default $BENCH_CIFAR and $BENCH_MODEL; MODEL may be absent)
. "$(dirname "$0")/common.sh"
folder=${1:-${BENCH_CIFAR:-}}
model=${2:-${BENCH_MODEL:-}}
[ -n "$folder" ] || skip "no images; give a folder, or set BENCH_CIFAR"
[ -d "$folder" ] || skip "no folder $folder"
count=${BENCH_PICKS:-1000}
workspace=$scratch/curate.winnow
if [ -z "$model" ]; then
    model=$scratch/short.wnm
    echo "BENCH_MODEL is not set: measuring with a model of the same size, trained for 20 steps"
    [ -f "$model" ] || "$winnow" train "$folder" -w "$scratch/short.winnow" --steps 20 --out "$model" --quiet
fi

# curate LOG JSON [OPTION...]
curate() {
    local log=$1 out=$2
    shift 2
    rm -rf "$workspace"
    measured "$log" "$cores" "$winnow" curate "$folder" -n "$count" --model "$model" -w "$workspace" -j 2 --json --quiet "$@" \
        >"$out"
}

plain=$scratch/curate.log limited=$scratch/curate.limited.log
rm -f "$plain" "$limited"
for _ in $(seq "$runs"); do curate "$plain" "$scratch/curate.json"; done
curate "$limited" "$scratch/curate.limited.json" --memory-limit 1GB
found=$(json readable "$scratch/curate.json")

# The floor: decoding alone on two cores, and the network's operations at the measured peak.
find "$folder" -type f -iname '*.jp*g' | sort | awk 'NR % 10 == 1' >"$scratch/some.txt"
taskset -c "$core" "$programs/bench_read" "$scratch/some.txt" 2 >"$scratch/curate.read.json"
decode=$(sed -n 's/.*"bench":"read.jpeg_floor".*"images_per_cpu_second":\([0-9.]*\).*/\1/p' "$scratch/curate.read.json")
taskset -c "$cores" "$programs/bench_train_step" tiny 128 32 fp32 2 2 >"$scratch/curate.step.json"
forward=$(calc "3 * $(json views_per_second_at_peak "$scratch/curate.step.json")")

column 1 "$plain" | figure "curate, $found files, -n $count" s lower 90
if has_python torch numpy PIL; then
    taskset -c "$cores" "$PYTHON" bench/curate_peer.py "$folder" "$count" | peer "Pillow, torch and numpy" s
else
    echo "  no torch, numpy and PIL in $PYTHON: without the peer"
fi
floor "decoding, forward pass at peak" s "$(calc "$found / (2 * $decode) + $found / $forward")"
column 2 "$plain" | figure "  processor seconds" s lower
tr ',{}' '\n\n\n' <"$scratch/curate.json" | sed -n '/"seconds"/,$p' | grep -E '"(scan|read|check|embed|select|report|total)"' |
    tr -d '"' | tr '\n' ' ' | sed 's/^ */    stages, s: /'
echo
column 3 "$plain" | awk '{ print $1 / 1e6 }' | figure "  memory without a limit" MB lower
column 3 "$limited" | awk '{ print $1 / 1e6 }' | figure "memory, --memory-limit 1GB" MB lower 1000
column 1 "$limited" | figure "  time under that limit" s lower 90
rm -rf "$workspace"
