#!/usr/bin/env bash
# How good an embedding is: each test image takes the class that its 200 nearest training images vote for (T = 0.1).
# usage: bench/bench_knn_cifar.sh [FOLDER [MODEL]]     (default $BENCH_CIFAR and $BENCH_MODEL)
# FOLDER has train/CLASS/* and test/CLASS/*; the classes are looked at here only.
. "$(dirname "$0")/common.sh"
folder=${1:-${BENCH_CIFAR:-}}
model=${2:-${BENCH_MODEL:-}}
[ -n "$folder" ] || skip "no images; give a folder, or set BENCH_CIFAR"
[ -n "$model" ] || skip "no model; 'winnow train FOLDER --minutes 60 --out FILE' makes one, BENCH_MODEL names it"
[ -d "$folder/train" ] && [ -d "$folder/test" ] || skip "$folder has no train and test"
[ -f "$model" ] || skip "no file $model"
has_python array || skip "no Python; set PYTHON"
out=$scratch/knn
mkdir -p "$out"
for part in train test; do
    rm -f "$out/$part".*
    "$winnow" embed "$folder/$part" --model "$model" --out "$out/$part.npy" --out-paths "$out/$part.txt" -j 2 --quiet
    "$PYTHON" bench/label_arrays.py labels "$out/$part.txt" "$out/$part.labels.npy"
done
accuracy() {
    local dim=$1 part
    for part in train test; do
        "$PYTHON" bench/label_arrays.py prefix "$out/$part.npy" "$dim" "$out/$part.$dim.npy"
    done
    "$winnow" evaluate knn --train "$out/train.$dim.npy" --train-labels "$out/train.labels.npy" \
        --test "$out/test.$dim.npy" --test-labels "$out/test.labels.npy" -k 200 --temperature 0.1 --json --quiet \
        >"$out/knn.$dim.json"
    json accuracy "$out/knn.$dim.json"
}
full=$(accuracy 128)
half=$(accuracy 64)
quarter=$(accuracy 32)
figure "kNN accuracy, 128 dimensions" "" higher 0.70 <<<"$full"
figure "kNN accuracy, 64 dimensions" "" higher <<<"$half"
figure "kNN accuracy, 32 dimensions" "" higher "$(calc "$full - 0.04")" <<<"$quarter"
if has_python numpy; then
    "$PYTHON" bench/label_arrays.py vote "$out/train.npy" "$out/train.labels.npy" "$out/test.npy" "$out/test.labels.npy"
else
    echo "  no numpy in $PYTHON: the vote is not counted a second time"
fi
