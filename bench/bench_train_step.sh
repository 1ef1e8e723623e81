#!/usr/bin/env bash
# Training throughput: forward, backward and update of the same network on the same batch, winnow and PyTorch in turn,
# two threads pinned.  usage: bench/bench_train_step.sh [NETWORK [BATCH [SIDE]]]
. "$(dirname "$0")/common.sh"
network=${1:-tiny} batch=${2:-512} side=${3:-32}
threads=$(tr ',' '\n' <<<"$cores" | wc -l)
has_torch=no
! has_python torch || has_torch=yes
[ $has_torch = yes ] || echo "no torch in $PYTHON: without the peer (set PYTHON)"

for precision in fp32 bf16; do
    own=$scratch/train.own.json other=$scratch/train.other.json
    : >"$own"
    : >"$other"
    for _ in $(seq "$runs"); do
        taskset -c "$cores" "$programs/bench_train_step" "$network" "$batch" "$side" $precision "$threads" 12 >>"$own"
        [ $has_torch = no ] || OMP_PROC_BIND=true taskset -c "$cores" \
            "$PYTHON" bench/bench_train_step.py "$network" "$batch" "$side" $precision "$threads" 8 >>"$other"
    done
    views() { sed -n 's/.*"views_per_second": *\([0-9.]*\).*/\1/p' "$1"; }
    target=
    [ $precision != fp32 ] || target=1.5
    views "$own" | figure "train step, $network, $batch x $side, $precision" views/s higher
    [ $has_torch = no ] || views "$other" | peer "PyTorch, the same" views/s $target
    floor "operations at measured peak" views/s "$(json views_per_second_at_peak "$own")"
done
