#!/usr/bin/env bash
# Cosine 1-nearest-neighbour accuracy of a model at 32, 64 and all numbers: each image of SET against all others. The class
# of an image is the name of its folder; SET is a folder or a list of paths.
#   bench/study/one_nn.sh SET [MODEL]            MODEL: a file or default
set -eu
cd "$(dirname "$0")/../.." || exit 1
set_=$1 model=${2:-default} winnow=${WINNOW:-build/release/winnow}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
dim=$("$winnow" embed "$set_" --model "$model" --out "$scratch/e.npy" --out-paths "$scratch/paths.txt" --json --quiet |
    sed -n 's/.*"dim": \([0-9]*\).*/\1/p')
python3 bench/label_arrays.py labels "$scratch/paths.txt" "$scratch/l.npy"
for d in 32 64 "$dim"; do
    python3 bench/label_arrays.py prefix "$scratch/e.npy" "$d" "$scratch/p.npy"
    printf '%s numbers: ' "$d"
    "$winnow" evaluate knn --train "$scratch/p.npy" --train-labels "$scratch/l.npy" -k 1 --json --quiet |
        sed -n 's/.*"accuracy": \([0-9.]*\).*/\1/p'
done
