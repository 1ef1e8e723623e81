#!/bin/sh
# The main job on sample images that winnow makes, or on a folder of yours.  usage: tools/demo.sh [IMAGES] [PICKS]
# With TRAIN_MINUTES=M in the environment the built-in model is adapted to the images first.
set -eu
cd "$(dirname "$0")/.."
images=${1:-}
picks=${2:-100}
winnow=build/release/winnow
mkdir -p demo
if [ -z "$images" ]; then
    images=demo/scenes
    [ -f "$images/truth.csv" ] || "$winnow" scenes "$images" --images 2000
fi
name=$(basename "$images")
"$winnow" curate "$images" -n "$picks" --at-most -w "demo/$name.winnow" ${TRAIN_MINUTES:+--train-minutes "$TRAIN_MINUTES"} --json >demo/result.json
report=$(sed -n 's/.*"report": *"\([^"]*\)".*/\1/p' demo/result.json)
echo
echo "Open this page in a browser:  $report"
echo "The picks, one path a line:   $(dirname "$report")/selected.txt"
