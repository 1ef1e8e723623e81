#!/usr/bin/env bash
# Every training method with the same network on the same images, for the same number of views: a row of Markdown for each,
# kNN accuracy (each image against all others, k = 200) at 128, 64 and 32 numbers, processor seconds of the training,
# views a processor second, and the most memory that the training took. The class of an image is the name of its folder; SET is a folder or a list of paths.
#   bench/study/methods_table.sh SET [VIEWS [SIDE [NETWORK [METHOD...]]]]
#   bench/study/methods_table.sh cifar10/train 1000000 32 tiny
#   TRAIN_OPTIONS="--precision fp32" bench/study/methods_table.sh SET      more options for each training
set -eu
cd "$(dirname "$0")/../.." || exit 1
set_=$1 views=${2:-200000} side=${3:-32} network=${4:-tiny} winnow=${WINNOW:-build/release/winnow} batch=128
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
shift $(($# < 4 ? $# : 4))
if [ $# -gt 0 ]; then
    methods=$*
else
    methods="untrained $("$winnow" train --list-methods | awk '/^[a-z]/ { print $1 }')"
fi

"$winnow" add "$set_" -w "$scratch/w" --input-side "$side" --quiet
"$winnow" embed -w "$scratch/w" --out "$scratch/teacher.npy" --out-paths "$scratch/paths.txt" --quiet
python3 bench/label_arrays.py labels "$scratch/paths.txt" "$scratch/l.npy"

accuracy() { # MODEL: at 128, 64 and 32 numbers
    "$winnow" embed -w "$scratch/w" --model "$1" --out "$scratch/e.npy" --quiet
    for d in 128 64 32; do
        python3 bench/label_arrays.py prefix "$scratch/e.npy" $d "$scratch/p.npy"
        "$winnow" evaluate knn --train "$scratch/p.npy" --train-labels "$scratch/l.npy" -k 200 --json --quiet |
            sed -n 's/.*"accuracy": \([0-9.]*\).*/ \1 |/p' | tr -d '\n'
    done
}

echo "| method | views an image | steps | 128 | 64 | 32 | processor s | views / processor s | GB |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
for method in $methods; do
    read -r -a options <<<"--method $method ${TRAIN_OPTIONS:-}"
    each=2
    case $method in
    untrained) options[1]=dcl options+=(--rate 1e-10) each=4 ;;
    distill) options+=(--teacher "$scratch/teacher.npy") each=1 ;;
    emp) each=8 ;;
    dcl | dclw | fastsiam | vicreg | lejepa) each=4 ;;
    esac
    steps=$((views / (batch * each)))
    [ "$method" != untrained ] || steps=1
    rm -f "$scratch/used"
    build/release/bench/run_measured "$scratch/used" "$winnow" train -w "$scratch/w" --network "$network" --steps $steps \
        --batch $batch --views $each --small-views 0 --side "$side" --name "$method" --out "$scratch/m.wnm" --quiet \
        "${options[@]}" 2>"$scratch/told" || { cat "$scratch/told" >&2; exit 1; }
    read -r _ used peak <"$scratch/used"
    printf '| %s | %s | %s |%s %.0f | %s | %.2f |\n' "$method" $each "$steps" "$(accuracy "$scratch/m.wnm")" "$used" \
        "$(awk "BEGIN { printf \"%.0f\", $steps * $batch * $each / $used }")" "$(awk "BEGIN { print $peak / 1e9 }")"
done
