#!/usr/bin/env bash
# `winnow select --embeddings`: 10,000 picks from 1,000,000 x 128 float32; the same picks as the plain method.
# usage: bench/bench_farthest_first.sh [KIND ...]
# KIND: uniform, normal, clustered, unit, tight (bench_farthest_first.c says what they are); all of them by default.
# The files are made in the scratch folder, 512 MB each.
. "$(dirname "$0")/common.sh"
rows=${BENCH_ROWS:-1000000}
picks=${BENCH_PICKS:-10000}
[ $# != 0 ] || set -- uniform normal clustered unit tight
has_numpy=no
! has_python numpy || has_numpy=yes
[ $has_numpy = yes ] || echo "no numpy in $PYTHON: without the peer (set PYTHON)"

# Selects from FILE, and leaves the log and the JSON.  pick FILE COUNT LOG
pick() {
    measured "$3" "$cores" "$winnow" select --embeddings "$1" -n "$2" --out "$scratch/picks.npy" -j 2 --json --quiet \
        >"$scratch/select.json"
}

for kind in "$@"; do
    file=$scratch/$kind-$rows.npy log=$scratch/select.log
    [ -f "$file" ] || "$programs/bench_farthest_first" make "$kind" "$file" "$rows" 128
    taskset -c "$cores" "$programs/bench_farthest_first" floors "$file" "$picks" 2 >"$scratch/floors.json"
    rm -f "$log"
    for _ in $(seq "$runs"); do pick "$file" "$picks" "$log"; done
    column 1 "$log" | figure "select, $kind, $rows x 128" s lower 12
    if [ $has_numpy = yes ]; then
        taskset -c "$cores" "$PYTHON" bench/farthest_first_peer.py time "$file" "$picks" |
            peer "numpy, a product for each pick" s
    fi
    floor "reading the array once" s "$(json floor_read "$scratch/floors.json")"
    floor "every product in int8, at peak" s "$(json floor_dense_int8 "$scratch/floors.json")"
    column 3 "$log" | awk '{ print $1 / 1e9 }' | figure "  its memory, mapped file included" GB lower 1.5
done
if [ $has_numpy = yes ]; then
    for kind in "$@"; do
        file=$scratch/$kind-50000.npy log=$scratch/select.small.log
        [ -f "$file" ] || "$programs/bench_farthest_first" make "$kind" "$file" 50000 128
        rm -f "$log"
        pick "$file" 5000 "$log"
        "$PYTHON" bench/farthest_first_peer.py compare "$file" "$scratch/picks.npy"
    done
fi
