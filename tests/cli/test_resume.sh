# kill -9 at several moments, then the same command: the result is that of an undisturbed run.
curate() { exec "$WINNOW" curate "$IMAGES" -w "$1" -n 10 --train-steps 8 --train-network tiny --input-side 32 --quiet "${@:2}"; }
(curate plain)
for delay in 0.03 0.08 0.15 0.3 0.6 1.0 1.5; do
    curate killed & pid=$!
    sleep $delay
    kill -9 $pid 2>/dev/null && "$WINNOW" status -w killed --quiet >/dev/null 2>&1 || true
    wait $pid 2>/dev/null || true
done
(curate killed --json >last.json)
last=$(python3 -c 'import json; print(json.load(open("last.json"))["run"])')
for file in selected.txt selected.csv bad_files.csv duplicates.csv config.json; do
    cmp plain/runs/0001/$file "$last/$file"
done
