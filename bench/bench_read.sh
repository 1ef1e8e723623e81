#!/usr/bin/env bash
# Scan and read: 4,000 photos, which are the photos of a folder repeated under other names.
# usage: bench/bench_read.sh [PHOTOS]     (default $BENCH_PHOTOS, else scenes that winnow paints)
. "$(dirname "$0")/common.sh"
photos=${1:-${BENCH_PHOTOS:-}}
count=${BENCH_COPIES:-4000}
if [ -z "$photos" ]; then
    photos=$scratch/read-scenes
    [ -d "$photos" ] || "$winnow" scenes "$photos" --images 200 --side-low 480 --side-high 500 --planted 0 --quiet
    echo "BENCH_PHOTOS is not set: measuring painted scenes of 500 x 375"
fi
[ -d "$photos" ] || skip "no folder $photos"
copies=$scratch/read-$(basename "$photos")-$count
workspace=$scratch/read.winnow
"$programs/make_copies" "$photos" "$copies" "$count"
taskset -c "$core" "$programs/bench_read" "$photos" $((runs + 2)) >"$scratch/read.json"
readings() { sed -n 's/.*"bench":"read.'"$1"'".*"all_rates":\[\([^]]*\)\].*/\1/p' "$scratch/read.json" | tr ',' '\n'; }

for threads in 1 2; do
    log=$scratch/read.$threads.log
    rm -f "$log"
    on=$core
    [ "$threads" = 1 ] || on=$cores
    for _ in $(seq "$runs"); do
        rm -rf "$workspace"
        measured "$log" "$on" "$winnow" add "$copies" -w "$workspace" -j "$threads" --quiet >/dev/null
    done
    rates $((count)) 1 "$log" | awk -v n="$threads" '{ print $1 / n }' |
        figure "winnow add -j $threads, $count photos" photos/s/core higher 400
    readings vips_thumbnail | peer "vips_thumbnail" photos/s/core 3
    readings jpeg_floor | best_median higher >"$scratch/floor"
    floor "JPEG read and Huffman decoding" photos/s/core "$(cut -d' ' -f1 "$scratch/floor")"
done
readings winnow | figure "the reader alone, in memory" photos/s/core higher
readings vips_thumbnail | peer "vips_thumbnail" photos/s/core
rm -rf "$workspace"
