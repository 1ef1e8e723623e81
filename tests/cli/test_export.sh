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
