# Selection configs: every example of the docs in a workspace, arrays, and what mistakes are answered with.
docs=$SOURCE/docs/selection-config.md
"$WINNOW" add "$IMAGES" -w w --input-side 16 -q
"$WINNOW" train -w w --steps 4 --network tiny --batch 8 --views 2 -q
"$WINNOW" select -w w -n 15 -q >first.txt
python3 - "$IMAGES" "$docs" <<'PY'
import json, os, re, sys
images, docs = sys.argv[1:]
files = sorted(os.path.relpath(os.path.join(folder, name), images) for folder, _, names in os.walk(images)
               for name in names if not name.endswith(".csv"))
os.makedirs("p/predictions/shapes")
json.dump(["shapes"], open("p/predictions/tasks.json", "w"))
json.dump({"task_type": "classification", "categories": [{"id": 0, "name": "round"}, {"id": 1, "name": "flat"}]},
          open("p/predictions/shapes/schema.json", "w"))
table = ["path,weather,camera"]
for i, name in enumerate(files):
    share = (i * 37 % 100) / 100
    path = "p/predictions/shapes/" + os.path.splitext(name)[0] + ".json"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    json.dump({"file_name": name, "predictions": [{"category_id": int(share < 0.5), "score": max(share, 1 - share),
               "probabilities": [share, 1 - share]}]}, open(path, "w"))
    table.append('"%s",%s,%s' % (name, ["rain", "snow", "sun"][i % 3], ["left", "right"][i % 2]))
open("meta.csv", "w").write("\n".join(table) + "\n")
for i, text in enumerate(re.findall(r"```json\n(.*?)```", open(docs).read(), re.S)): open("doc%d.json" % i, "w").write(text)
PY
"$WINNOW" import p/predictions --as predictions -w w -q
"$WINNOW" import meta.csv --as metadata -w w -q
for i in 0 1 2 3 4; do
    "$WINNOW" select -w w --config doc$i.json --explain >explain$i.txt
    "$WINNOW" select -w w --config doc$i.json --tag doc$i --out-reasons reasons$i.csv --json -q >doc$i.out
    "$WINNOW" select -w w --config doc$i.json --tag again -j 1 --out paths1.txt -q
    "$WINNOW" select -w w --config doc$i.json --tag again -j 7 --out paths7.txt -q
    cmp paths1.txt paths7.txt
done
[ ! -e doc5.json ]
grep -q "strength 0.5: from" explain0.txt
grep -q "wanted 50%" explain2.txt
python3 - <<'PY'
import csv, json
wanted = [20, 2, 12, 10, 10]
for i, count in enumerate(wanted):
    out, rows = json.load(open("doc%d.out" % i)), list(csv.DictReader(open("reasons%d.csv" % i)))
    assert out["selected"] == len(rows) == count, (i, out["selected"], len(rows))
    assert [row["rank"] for row in rows] == [str(r + 1) for r in range(count)]
    assert len({row["path"] for row in rows}) == count
    earlier = set(open("first.txt").read().split("\n")) if i == 3 else set()
    for row in rows:
        assert row["path"] not in earlier and (not row["nearest"] or row["nearest"] in earlier), row
        earlier.add(row["path"])
weather = {line["path"]: line for line in csv.DictReader(open("meta.csv"))}
picked = [next(v for k, v in weather.items() if row["path"].endswith(k)) for row in csv.DictReader(open("reasons2.csv"))]
assert sum(p["weather"] == "rain" for p in picked) in (5, 6, 7), picked
assert sum(p["camera"] == "left" for p in picked) <= 4, picked
assert {"diversity", "weights:uncertainty_entropy"} <= set(json.load(open("doc0.out"))["objectives"])
PY

# Another number from the ranking.
"$WINNOW" select -w w --from doc0 -n 5 --tag five --out five.txt -q
"$WINNOW" select -w w --from doc0 -n 30 --tag thirty --out thirty.txt -q
"$WINNOW" select -w w --config doc0.json -n 30 --tag direct --out direct.txt -q
cmp thirty.txt direct.txt
head -n 5 direct.txt | cmp - five.txt

# Evidence: far better coverage than chance, and the classes that are known.
"$WINNOW" select -w w -n 15 -s farthest-first --evaluate --tag evaluated --json -q >evidence.json
"$WINNOW" embed -w w --out e.npy --out-paths p.txt -q
"$WINNOW" select --embeddings e.npy -n 15 --evaluate --json -q >arrays.json
python3 - <<'PY'
import json
for name in "evidence.json", "arrays.json":
    evidence = json.load(open(name))["evidence"]
    figures = {(f["name"], f.get("of")): f for f in evidence["figures"]}
    assert evidence["random"] == 10 and evidence["measured"] > 30
    radius = figures["covering radius", None]
    assert radius["better"] == "lower" and radius["selected"] < radius["random_mean"], radius
    assert {"mean distance", "95 % distance", "coverage", "duplicate pairs"} <= {n for n, of in figures}
    if name == "evidence.json":
        assert 0.5 < figures["entropy", "weather"]["selected"] <= 1 and ("entropy", "camera") in figures
PY

fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" >/dev/null 2>message || got=$?
    [ "$got" = "$status" ] && grep -q -- "$words" message || { echo "wanted $status, '$words'; got $got" >&2; cat message >&2; return 1; }
}
sed 's/"rain": 0.5/"rian": 0.5/' doc2.json >bad.json
fails 1 "bad.json:12: strategies\[2\].strategy.target: there is no class 'rian'; did you mean 'rain'?" "$WINNOW" select -w w --config bad.json
sed 's/"rain": 0.5/"rain": 0.9/' doc2.json >bad.json
fails 2 "bad.json:14: strategies\[2\].strategy: the shares of the target sum to 1.1" "$WINNOW" select -w w --config bad.json
sed 's/"threshold": 0.5/"threshold": 1e9/' doc2.json >bad.json
fails 1 "leaves none of the" "$WINNOW" select -w w --config bad.json
sed 's/DIVERSITY/DIVERSTY/' doc2.json >bad.json
fails 2 "did you mean 'DIVERSITY'" "$WINNOW" select -w w --config bad.json
sed 's/uncertainty_entropy/uncertainty_entopy/' doc0.json >bad.json
fails 1 "bad.json:8: strategies\[1\].input.score: .*uncertainty_entropy" "$WINNOW" select -w w --config bad.json
sed 's/weather/wether/' doc2.json >bad.json
fails 1 "strategies\[2\].input.key: there is no metadata 'wether'; did you mean 'weather'?" "$WINNOW" select -w w --config bad.json

# curate finds a wrong name before it reads or embeds anything: no workspace is made, and no run is begun.
named() { # MESSAGE CONFIG PATH...: in a workspace that is there, where there is a MESSAGE for it, and in a new one
    fails 1 "$1" "$WINNOW" curate -w w --config "$2"
    fails 1 "$1" "$WINNOW" curate "$IMAGES" -w w --config "$2" --dry-run
}
runs=$(find w/runs | wc -l)
cp bad.json wether.json
named "strategies\[2\].input.key: there is no metadata 'wether'; did you mean 'weather'?" wether.json
sed 's/lightly.sharpness/lightly.sharpnes/' doc2.json >bad.json
named "strategies\[0\].input.key: .* did you mean 'lightly.sharpness'?" bad.json
fails 1 "did you mean 'lightly.sharpness'?" "$WINNOW" curate "$IMAGES" -w fresh --config bad.json
sed 's/"shapes"/"shape"/' doc0.json >bad.json
named "strategies\[1\].input.task: there is no task 'shape'; did you mean 'shapes'?" bad.json
fails 1 "strategies\[1\].input.task: there is no task 'shapes'; 'winnow import" "$WINNOW" curate "$IMAGES" -w fresh --config doc0.json
sed 's/"round"/"ruond"/' doc3.json >bad.json
named "strategies\[1\].input.categories: there is no class 'ruond'; did you mean 'round'?" bad.json
sed 's/"tag": "selected"/"tag": "slected"/' doc3.json >bad.json
named "preselected: there is no tag 'slected'; did you mean 'selected'?" bad.json
sed 's/"tag_name": "selected"/"tag_name": "slected"/' doc3.json >bad.json
named "strategies\[3\].input.query: there is no tag 'slected'; did you mean 'selected'?" bad.json
sed 's/farthest-first/fartest-first/' doc1.json >bad.json
named "strategy: there is no strategy 'fartest-first'; did you mean 'farthest-first'?" bad.json
sed 's/min-distance/min-distanc/' doc1.json >bad.json
named "strategy: the strategy 'farthest-first' has no --min-distanc" bad.json
[ ! -e fresh ] && [ "$runs" = "$(find w/runs | wc -l)" ]
fails 1 "ask for fewer" "$WINNOW" select -w w --config doc0.json -n 100000
fails 1 "nothing" "$WINNOW" select -w w --from nothing -n 5
fails 1 "ranks 40" "$WINNOW" select -w w --from doc0 -n 41
fails 1 "no.json" "$WINNOW" select -w w --config no.json
fails 2 "leave --strategy out" "$WINNOW" select -w w --config doc0.json -s random
fails 2 "leave --min-distance out" "$WINNOW" curate -w w --config doc0.json --min-distance 0.1

# curate picks by a config as select does, and its report compares the classes that are known.
"$WINNOW" select -w w --config doc0.json --tag direct --out direct.txt -q
"$WINNOW" curate -w w --config doc0.json --json -q >curated.json
"$WINNOW" curate -w w --config doc0.json -n 7 --json -q >seven.json
"$WINNOW" curate -w w --config doc1.json --dry-run 2>message && exit 1
# Where nothing is named, predictions decide: the picks are those that unsure images are near to.
for name in uncertainty-herding farthest-first; do "$WINNOW" select -w w -n 12 -s $name --tag $name --out $name.txt -q; done
"$WINNOW" select -w w -n 12 --tag default --out default.txt 2>message
grep -q "uncertainty-herding picks, by the uncertainty_margin of the newest predictions" message
cmp default.txt uncertainty-herding.txt
"$WINNOW" select -w w -n 12 --metric l2 --tag settings --out settings.txt -q
cmp settings.txt farthest-first.txt
"$WINNOW" curate -w w -n 12 --json -q >default.json
python3 - <<'PY'
import glob, json, os
curated, seven, default = (json.load(open(name + ".json")) for name in ("curated", "seven", "default"))
direct = open("direct.txt").read()
assert open(curated["files"]["list"]).read() == direct and curated["selected"] == 20
assert open(seven["files"]["list"]).read().split("\n")[:7] == direct.split("\n")[:7] and seven["selected"] == 7
assert open(default["files"]["list"]).read() == open("default.txt").read()
assert json.load(open(default["run"] + "/config.json"))["strategy"] == "uncertainty-herding"
config = json.load(open(curated["run"] + "/config.json"))
assert config["strategy"] is None and json.loads(config["selection_config"])["n_samples"] == 20
page = open(curated["files"]["report"]).read()
assert "Mix of classes: <bdi>weather</bdi>" in page and "<em>coral</em>" in page
margins = {}
for path in glob.glob("p/predictions/shapes/**/*.json", recursive=True):
    truth = json.load(open(path))
    if "predictions" not in truth: continue
    p = truth["predictions"][0]["probabilities"]
    margins[os.path.splitext(truth["file_name"])[0]] = 1 - abs(p[0] - p[1])
picked = [margins[k] for line in open("default.txt") for k in margins if os.path.splitext(line.rstrip("\n"))[0].endswith("/" + k)]
assert len(picked) > 5 and sum(picked) / len(picked) > sum(margins.values()) / len(margins), picked
PY
"$WINNOW" add "$IMAGES" -w bare --input-side 16 -q
"$WINNOW" train -w bare --steps 4 --network tiny --batch 8 --views 2 -q
fails 1 "needs predictions of the images" "$WINNOW" select -w bare -n 5 -s uncertainty-herding
"$WINNOW" select -w bare -n 5 --explain | grep -q "with max-herding"

# Predictions that say nothing about any image are none.
echo '[]' >empty.json
"$WINNOW" add "$IMAGES" -w e -q
"$WINNOW" import empty.json --as predictions --format coco -w e -q
"$WINNOW" select -w e -n 3 --out three.txt 2>message >/dev/null
[ "$(wc -l <three.txt)" = 3 ]
grep -q "no candidate has predictions" message
