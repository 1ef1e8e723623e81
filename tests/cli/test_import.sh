# Labels, predictions and metadata into a workspace, as figures tell it.
"$WINNOW" add "$IMAGES" -w a.winnow -q
mapfile -t files < <(cd "$IMAGES" && find . -name '*.jpg' | sort | head -n 20 | sed 's|^\./||')
{ echo "path,label,speed"; for i in "${!files[@]}"; do echo "${files[$i]},class$((i % 3)),$i"; done; echo "gone.jpg,class0,1"; } >labels.csv
"$WINNOW" import labels.csv -w a.winnow --json -q >labels.json
"$WINNOW" import labels.csv -w a.winnow --as metadata --json -q >metadata.json
python3 - <<'PY'
import json
labels, metadata = json.load(open("labels.json")), json.load(open("metadata.json"))
one = labels["sets"][0]
assert (one["name"], one["format"], one["task"]) == ("labels", "csv", "classification"), one
assert (one["images"], one["matched"], one["unmatched"], one["items"], one["categories"]) == (21, 20, 1, 20, 3), one
rows = open(labels["problems"]).read().splitlines()
assert rows[0] == "file,line,reason" and "gone.jpg" in rows[1] and len(rows) == 2, rows
assert metadata["sets"][0]["fields"] == 2 and metadata["role"] == "metadata"
PY
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q -- "$words" message || { cat message >&2; return 1; }
}
fails 2 "PATH" "$WINNOW" import -w a.winnow
fails 1 "no such" "$WINNOW" import nothing.csv -w a.winnow || fails 1 "cannot open" "$WINNOW" import nothing.csv -w a.winnow
fails 1 "'csv'" "$WINNOW" import labels.csv --format cvs -w a.winnow
printf 'path,label\n"x.jpg,1\n' >open.csv
fails 1 "open.csv:2" "$WINNOW" import open.csv -w a.winnow
printf 'path,label\nx.jpg,1\n' | iconv -t UTF-16 >wide.csv
fails 1 "'wide.csv' is written in UTF-16" "$WINNOW" import wide.csv -w a.winnow
"$WINNOW" import labels.csv -w a.winnow --name other --dry-run --json -q >dry.json
grep -q '"dry_run": true' dry.json

# Results with confidences that are taken as labels are told; status names the predictions, an error the scores.
{ echo "path,label,score,xmin,ymin,xmax,ymax"; for i in "${!files[@]}"; do echo "${files[$i]},class$((i % 8)),0.$((i + 10)),1,1,30,30"; done; } >found.csv
"$WINNOW" import found.csv -w a.winnow --name sure 2>talk
grep -q "note .* 20 items have a confidence; '--as predictions' keeps them" talk
"$WINNOW" import found.csv -w a.winnow --as predictions 2>talk
! grep "note " talk
"$WINNOW" status -w a.winnow >status.txt
grep -q "^predicted  found: object-detection, 20 items for 20 images" status.txt
"$WINNOW" status -w a.winnow --json | python3 -c '
import json, sys
sets = [(s["role"], s["name"], s["items"]) for s in json.load(sys.stdin)["sets"]]
assert ("predictions", "found", 20) in sets and ("labels", "sure", 20) in sets, sets'
cat >score.json <<'JSON'
{"n_samples": 4, "strategies": [{"input": {"type": "SCORES", "task": "found", "score": "uncertainty_entropi"}, "strategy": {"type": "WEIGHTS"}}]}
JSON
fails 1 "did you mean 'uncertainty_entropy'?; they have: object_frequency, .*uncertainty_ratio; of the uncertainties also .max" "$WINNOW" select -w a.winnow --config score.json
# The classes with a target come first in what is explained, wherever they stand.
cat >balance.json <<'JSON'
{"n_samples": 4, "strategies": [{"input": {"type": "PREDICTIONS", "task": "found", "name": "CLASS_DISTRIBUTION"},
 "strategy": {"type": "BALANCE", "distribution": "TARGET", "target": {"class7": 0.5}}}]}
JSON
"$WINNOW" select -w a.winnow --config balance.json --explain >explain
grep -q "target: class7 has [0-9.]*% (wanted 50%), class0 has [0-9.]*%, class1 has" explain
