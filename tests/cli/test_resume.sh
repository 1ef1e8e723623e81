# kill -9 at several moments, then the same command: the result is that of an undisturbed run.
curate() { exec "$WINNOW" curate "$IMAGES" -w "$1" -n 10 --train-steps 8 --train-network tiny --input-side 16 --quiet "${@:2}"; }
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
# A run that was stopped after it had replaced the very tag that it leaves out gives the same picks again.
model=$(ls "$PWD"/plain/models/*.wnm)
again() { "$WINNOW" curate "$IMAGES" -w tagged -n 6 --model "$model" --quiet "$@"; }
again
again --except-tag selected
cp -r tagged/runs/0002 before
python3 -c 'import sqlite3
catalog = sqlite3.connect("tagged/catalog.db")
catalog.execute("UPDATE runs SET state = ? WHERE run = 2", ("running",))
catalog.commit()'
again --except-tag selected
for file in selected.txt selected.csv earlier_rows.txt; do cmp before/$file tagged/runs/0002/$file; done
! cat tagged/runs/0001/selected.txt tagged/runs/0002/selected.txt | sort | uniq -d | grep . || exit 1
# The same model file under another spelling of its path keeps its name.
(cd "$(dirname "$model")" && "$WINNOW" curate "$IMAGES" -w "$OLDPWD/tagged" -n 6 --model "./$(basename "$model")" --json --quiet) >named.json
again --json >first.json
python3 -c 'import json
assert json.load(open("named.json"))["model"] == json.load(open("first.json"))["model"] == "trained"'
