# Export by the program: what comes back is what went out, and other tools' JSON has their shape.
"$WINNOW" add "$IMAGES" -w a.winnow -q
mapfile -t files < <(cd "$IMAGES" && find . -name '*.jpg' | sort | head -n 5 | sed 's|^\./||')
{ echo "path,label,xmin,ymin,xmax,ymax"; for i in "${!files[@]}"; do echo "${files[$i]},class$((i % 2)),$i,1,$((i + 9)),8"; done; } >boxes.csv
"$WINNOW" import boxes.csv -w a.winnow -q
printf '%s\n' "${files[@]}" >list.txt
"$WINNOW" tag create five --paths list.txt -w a.winnow -q
"$WINNOW" export paths.txt --tag five --relative -w a.winnow -q
cmp list.txt paths.txt
for format in coco:c.json yolo:yolo voc:voc lightly:lightly csv:c.csv; do
    "$WINNOW" export "${format#*:}" --format "${format%%:*}" --tag five -w a.winnow -q
    "$WINNOW" import "${format#*:}" --name "${format%%:*}" -w a.winnow --json -q >back.json
    python3 - "$format" <<'PY'
import json, sys
one = json.load(open("back.json"))["sets"][0]
assert (one["matched"], one["items"], one["dropped"], one["problems"]) == (5, 5, 0, 0), (sys.argv[1], one)
PY
done
"$WINNOW" export studio.json --format label-studio --tag five --labels boxes -w a.winnow -q
"$WINNOW" export manifest.jsonl --format cvat-manifest --tag five -w a.winnow --json -q >manifest.json
python3 - <<'PY'
import json
tasks = json.load(open("studio.json"))
assert len(tasks) == 5
value = tasks[2]["predictions"][0]["result"][0]
assert value["type"] == "rectanglelabels" and value["value"]["rectanglelabels"] == ["class0"]
assert abs(value["value"]["x"] - 2 * 100 / value["original_width"]) < 1e-4
lines = [json.loads(line) for line in open("manifest.jsonl")]
assert lines[0] == {"version": "1.1"} and lines[1] == {"type": "images"} and len(lines) == 7
assert lines[2]["extension"] == ".jpg" and lines[2]["width"] > 0
assert json.load(open("manifest.json"))["images"] == 5
PY
! "$WINNOW" export x --format yollo -w a.winnow 2>message
grep -q "did you mean 'yolo'" message
! "$WINNOW" export x --tag none -w a.winnow 2>message
grep -q "no tag none" message
[ ! -e x ]
# Scores and metadata as tables: every score of the predictions, and metadata that comes back as it went out.
{ echo "path,label,score,xmin,ymin,xmax,ymax"; for i in 0 1 1; do echo "${files[$i]},class$i,0.$((6 + i)),1,1,$((i + 9)),8"; done; } >found.csv
"$WINNOW" import found.csv --as predictions --name found -w a.winnow -q
"$WINNOW" export scores.csv --scores --tag five --relative -w a.winnow --json -q >scores.json
printf 'path,weather,count\n%s,"rain, snow",3\n%s,,-0.1\n' "${files[0]}" "${files[2]}" >meta.csv
"$WINNOW" import meta.csv --as metadata -w a.winnow -q
"$WINNOW" export one.csv --metadata --relative -w a.winnow -q
"$WINNOW" add "$IMAGES" -w b.winnow -q
"$WINNOW" import one.csv --as metadata -w b.winnow -q
"$WINNOW" export two.csv --metadata --relative -w b.winnow -q
python3 - "${files[@]}" <<'PY'
import csv, json, sys
files = sys.argv[1:]
report, rows = json.load(open("scores.json")), {r["path"]: r for r in csv.DictReader(open("scores.csv"))}
assert (report["set"], report["images"], report["columns"], len(rows)) == ("found", 5, len(rows[files[0]]) - 1, 5), report
expected = {"uncertainty_margin": [1 - 0.2, 1 - 0.4], "uncertainty_margin.sum": [0.8, 1.2], "objectness_least_confidence": [0.4, 0.3]}
for name, values in expected.items():
    for path, value in zip(files, values):
        assert abs(float(rows[path][name]) - value) < 1e-6, (name, path, rows[path][name])
    assert rows[files[2]][name] == ""
one, two = ({r["path"]: r for r in csv.DictReader(open(f))} for f in ("one.csv", "two.csv"))
assert (one[files[0]]["weather"], one[files[0]]["count"]) == ("rain, snow", "3") and one[files[2]]["count"] == "-0.1"
assert one[files[1]]["weather"] == "" and float(one[files[1]]["lightly.width"]) > 0
header = next(csv.reader(open("two.csv")))
assert len(header) == len(set(header)), header
assert list(one.values()) == [{k: two[p][k] for k in r} for p, r in one.items()]
PY
! "$WINNOW" export x --scores --format coco -w a.winnow 2>message
grep -q "exported as csv, not as coco" message
! "$WINNOW" export x --metadata --labels boxes -w a.winnow 2>message
grep -q "holds no labels" message
[ ! -e x ]
