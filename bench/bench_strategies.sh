#!/usr/bin/env bash
# The strategies at the sizes of the table in docs/benchmarks.md, in processor seconds of all threads.
# usage: bench/bench_strategies.sh [coverage|farthest|large ...]       without names: coverage farthest
# `farthest` has lightly-mundig as its peer where PYTHON has it; `large` is the published ImageNet shape, 500,000 picks of
# 1,281,167 x 32, and 100,000 of 10,000,000 x 32 bytes on disk under --memory-limit 4GB (the latter file by numpy).
. "$(dirname "$0")/common.sh"
[ $# != 0 ] || set -- coverage farthest

# Selects with OPTIONS, and leaves seconds, processor seconds and peak bytes in LOG.  pick FILE COUNT LOG [OPTIONS...]
pick() {
    local file=$1 count=$2 log=$3
    shift 3
    measured "$log" "$cores" "$winnow" select --embeddings "$file" -n "$count" --out "$scratch/picks.npy" -j 2 --json \
        --quiet "$@" >"$scratch/select.json"
}

# A file of KIND ROWS DIM, made once; its path.
rows_of() {
    local file=$scratch/$1-$2x$3.npy
    [ -f "$file" ] || "$programs/bench_farthest_first" make "$1" "$file" "$2" "$3" >&2
    echo "$file"
}

for part in "$@"; do
    case $part in
    coverage)
        taskset -c "$cores" "$programs/bench_coverage" dense 10000 1024 1000 2 >"$scratch/dense.json"
        json cpu_seconds "$scratch/dense.json" | figure "facility location, 10,000 x 1,024, 1,000 picks" s lower 2
        floor "the products of half the pairs, at peak" s "$(calc "$(json floor "$scratch/dense.json") * 2")"
        taskset -c "$cores" "$programs/bench_coverage" sparse 1000000 100 10000 2 >"$scratch/sparse.json"
        json cpu_seconds "$scratch/sparse.json" | figure "coverage, graph of 1,000,000 x 100, 10,000 picks" s lower 10
        floor "reading the graph once" s "$(json floor "$scratch/sparse.json")"
        ;;
    farthest)
        for shape in "60000 128 6000" "20000 128 2000"; do
            read -r rows dim picks <<<"$shape"
            file=$(rows_of unit "$rows" "$dim") log=$scratch/strategies.log
            rm -f "$log"
            for _ in $(seq "$runs"); do pick "$file" "$picks" "$log"; done
            column 2 "$log" | figure "farthest-first, $rows x $dim, $picks picks" s lower
            if [ "$rows" = 20000 ] && has_python lightly_mundig numpy; then
                taskset -c "$cores" "$PYTHON" bench/mundig_peer.py "$file" "$picks" | column 2 /dev/stdin |
                    peer "lightly-mundig" s 5
            fi
            taskset -c "$cores" "$programs/bench_farthest_first" floors "$file" "$picks" 2 >"$scratch/floors.json"
            floor "every product in int8, at peak" s "$(calc "$(json floor_dense_int8 "$scratch/floors.json") * 2")"
        done
        ;;
    large)
        file=$(rows_of unit 1281167 32) log=$scratch/strategies.log
        rm -f "$log"
        pick "$file" 500000 "$log"
        column 2 "$log" | figure "farthest-first, 1,281,167 x 32, 500,000 picks" s lower 1200
        column 3 "$log" | awk '{ print $1 / 1e9 }' | figure "  its memory, mapped file included" GB lower 2
        file=$scratch/bytes-10000000x32.npy
        [ -f "$file" ] || ! has_python numpy || "$PYTHON" bench/byte_rows.py "$file" 10000000 32
        [ -f "$file" ] || { echo "no numpy in $PYTHON: without the rows of bytes"; continue; }
        rm -f "$log"
        pick "$file" 100000 "$log" --memory-limit 4GB
        column 2 "$log" | figure "farthest-first, 10,000,000 x 32 bytes, 100,000 picks" s lower 2400
        column 3 "$log" | awk '{ print $1 / 1e9 }' | figure "  its memory, mapped file included" GB lower 4
        ;;
    esac
done
