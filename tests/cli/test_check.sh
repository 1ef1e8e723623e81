# Images that were spoilt on purpose, and copies in another split, are found, and nothing else of their kind.
mkdir -p set/train set/TEST
n=0
for file in $(find "$IMAGES" -name "*.jpg" | grep -v " " | sort | awk "NR % 7 == 1" | head -n 12); do
    cp "$file" "set/train/image$((n += 1)).jpg"
done
cp set/train/image1.jpg set/TEST/same.jpg
printf 'broken' >set/train/broken.jpg
"$WINNOW" add set -w set.winnow -q 2>/dev/null
"$WINNOW" check -w set.winnow --json -q >figures.json
cat >look.py <<'PY'
import csv, json
figures = json.load(open("figures.json"))
counts = {check["name"]: check["issues"] for check in figures["checks"]}
assert figures["rows"] == 13 and figures["bad"] == 1 and counts["corrupt"] == 1, figures
assert counts["exact-duplicate"] == 1 and figures["exact_duplicates"] == 1 and figures["leaks"] == 1
assert counts["outlier"] is None and figures["model"] is None
run = figures["run"] + "/"
read = lambda name: list(csv.DictReader(open(run + name)))
issues = read("issues.csv")
assert len(issues) == 13 and issues[0]["path"].endswith("set/TEST/same.jpg")
for name, count in counts.items():
    key = name.replace("-", "_")
    if count is None:
        assert "is_%s_issue" % key not in issues[0]
        continue
    flags = [row["is_%s_issue" % key] for row in issues]
    assert set(flags) <= {"True", "False"} and (name == "corrupt" or flags.count("True") == count)
    assert all(0 <= float(row[key + "_score"]) <= 1 for row in issues)
pairs = read("duplicates.csv")
assert len(pairs) == figures["duplicates"] and float(pairs[0]["distance"]) == 0
leaks = read("leaks.csv")
assert len(leaks) == 1 and {leaks[0]["from_split"], leaks[0]["to_split"]} == {"train", "test"}
assert leaks[0]["from"].endswith("TEST/same.jpg") and leaks[0]["to"].endswith("train/image1.jpg")
assert leaks[0]["labels_differ"] == "False" and figures["leaks_with_disagreement"] == 0 # splits are no classes
groups = read("components.csv")
kept = [row for row in groups if row["keep"] == "1"]
assert len(groups) == figures["duplicates"] + figures["groups"] and len(kept) == figures["groups"]
assert len(read("stats.csv")) == 13 and read("bad_files.csv")[0]["path"].endswith("broken.jpg")
page = open(run + "report.html").read()
assert "Checks" in page and "exact-duplicate" in page and "data:image/jpeg" in page
PY
python3 look.py
"$WINNOW" check exact-duplicate -w set.winnow --apply -q >lines.txt
grep -q "^exact-duplicate  *1  " lines.txt
"$WINNOW" status -w set.winnow --json | python3 -c '
import json, sys
tags = json.load(sys.stdin)["tags"]
assert tags == {"check:exact-duplicate": 1, "check:drop": 1}, tags'
before=$(ls set.winnow/runs | wc -l)
"$WINNOW" check dark --set dark.threshold=1 --dry-run -w set.winnow -j 1 >lines.txt 2>said
grep -q "nothing was written" said
[ "$(ls set.winnow/runs | wc -l)" = "$before" ]
# Images that came later have no picture hash yet; checks that need none do not miss it, and the next that does makes it.
cp -r set later && "$WINNOW" add later -w later.winnow -q && "$WINNOW" check near-duplicate -w later.winnow -q >lines.txt
cp "$file" later/train/later.jpg && "$WINNOW" add later -w later.winnow -q
"$WINNOW" check dark exact-duplicate -w later.winnow -q >lines.txt
"$WINNOW" check near-duplicate -w later.winnow --dry-run -q >lines.txt
"$WINNOW" check near-duplicate -w later.winnow -q >lines.txt
# Labels and predictions that were imported: three labels of 36 are wrong, and a copy in the other split has another one.
python3 - <<'PY'
import glob, os, random, shutil, struct
os.makedirs("named/train"), os.makedirs("named/test")
files = sorted(glob.glob("set/train/*.jpg"), key=lambda name: (len(name), name))
names = []
for i in range(36):  # the same pictures under many names: only labels matter here
    name = "named/train/n%02d.jpg" % i
    shutil.copy(files[i % 12 + 1], name)
    names.append(name)
shutil.copy(names[0], "named/test/copy.jpg")
labels = ["cat" if i % 2 else "dog" for i in range(36)]
wrong = {5, 16, 29}
with open("labels.csv", "w") as file:
    file.write("path,label\n")
    for i, name in enumerate(names):
        label = labels[i] if i not in wrong else "dog" if labels[i] == "cat" else "cat"
        file.write("%s,%s\n" % (name, label))
    file.write("named/test/copy.jpg,cat\n")
rows = [[0.9 - 0.001 * i, 0.1 + 0.001 * i][::1 if labels[i] == "cat" else -1] for i in range(36)]
head = "{'descr': '<f4', 'fortran_order': False, 'shape': (36, 2), }".ljust(117) + "\n"
open("p.npy", "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() +
                          struct.pack("<72f", *[x for row in rows for x in row]))
open("paths.txt", "w").write("".join(name + "\n" for name in names))
open("names.txt", "w").write("cat\ndog\n")
PY
rm set/train/broken.jpg
"$WINNOW" add named -w named.winnow -q
"$WINNOW" check labels -w named.winnow --dry-run >lines.txt 2>/dev/null
grep -q "left out: there are no labels of images" lines.txt
"$WINNOW" import labels.csv -w named.winnow -q
"$WINNOW" check labels -w named.winnow --dry-run >lines.txt 2>/dev/null
grep -q "left out: there are neither predictions nor embeddings" lines.txt
"$WINNOW" import p.npy --as predictions --paths paths.txt --names names.txt -w named.winnow -q
"$WINNOW" check exact-duplicate labels -w named.winnow --json -q >figures.json
python3 - <<'PY'
import csv, json
figures = json.load(open("figures.json"))
run = figures["run"] + "/"
rows = list(csv.DictReader(open(run + "label_issues.csv")))
bad = {row["path"][-7:-4]: row for row in rows if row["is_label_issue"] == "True"}
assert set(bad) == {"n05", "n16", "n29"} and len(rows) == 37 and figures["label_errors"] == 3, (bad, figures)
assert all({row["label"], row["suggested"]} == {"cat", "dog"} for row in bad.values())
worst = sorted((float(row["label_score"]), row["path"]) for row in rows if row["label_score"])[:3]
assert {path[-7:-4] for _, path in worst} == set(bad)
health = {row["class"]: row for row in csv.DictReader(open(run + "label_health.csv"))}
assert health["cat"]["overlaps_with"] == "dog" and 0.8 < float(health["cat"]["health"]) < 1
leaks = list(csv.DictReader(open(run + "leaks.csv")))
assert leaks and any(row["labels_differ"] == "True" for row in leaks) and figures["leaks_with_disagreement"] > 0
PY
# Labels of one class, and predictions of other classes, are left out with the reason; the other checks run.
sed 's/dog$/cat/' labels.csv >one.csv
"$WINNOW" import one.csv -w named.winnow -q
"$WINNOW" check exact-duplicate labels -w named.winnow -q >lines.txt
grep -q "left out: all labels name one class" lines.txt && grep -q "^exact-duplicate  *[1-9]" lines.txt
sed 's/dog$/bird/; s/cat$/fish/' labels.csv >strange.csv
"$WINNOW" import strange.csv -w named.winnow -q
"$WINNOW" check labels -w named.winnow -q >lines.txt
grep -q "left out: no class of the predictions is called like one of the labels" lines.txt
# Of two equal files the labelled one is kept, though the other one comes first; without labels the first one is.
mkdir twins
cp set/train/image2.jpg twins/a.jpg
cp set/train/image2.jpg twins/b.jpg
kept() { # WORKSPACE
    "$WINNOW" check exact-duplicate -w "$1" --json -q >figures.json
    python3 -c '
import csv, json
rows = csv.DictReader(open(json.load(open("figures.json"))["run"] + "/components.csv"))
print(*[row["path"][-5:] for row in rows if row["keep"] == "1"])'
}
"$WINNOW" add twins -w twins.winnow -q
[ "$(kept twins.winnow)" = a.jpg ]
printf 'path,label\ntwins/b.jpg,cat\n' >twin.csv
"$WINNOW" import twin.csv -w twins.winnow -q
[ "$(kept twins.winnow)" = b.jpg ]
# Boxes: one that no label has, one far from where it is predicted, one with another name; the fourth image is right.
python3 - <<'PY'
import json
images = [{"id": i, "file_name": "n%02d.jpg" % i, "width": 200, "height": 150} for i in range(4)]
kinds = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
box = lambda image, kind, *xywh: {"image_id": image, "category_id": kind, "bbox": list(xywh)}
labels = [box(0, 1, 10, 10, 40, 40), box(1, 1, 20, 20, 50, 50), box(2, 1, 30, 30, 40, 40), box(3, 2, 30, 30, 40, 40)]
found = [box(0, 1, 10, 10, 40, 40), box(0, 2, 120, 90, 20, 20), box(1, 1, 64, 64, 50, 50), box(2, 2, 30, 30, 40, 40),
         box(3, 2, 31, 30, 40, 40)]
for i, one in enumerate(labels):
    one.update(id=i + 1, area=1, iscrowd=0)
for one in found:
    one["score"] = 0.97
json.dump({"images": images, "categories": kinds, "annotations": labels}, open("boxes.json", "w"))
json.dump(found, open("found.json", "w"))
PY
"$WINNOW" check boxes -w named.winnow --dry-run >lines.txt 2>/dev/null
grep -q "left out: there are no labelled boxes" lines.txt
"$WINNOW" import boxes.json -w named.winnow -q
"$WINNOW" import found.json --as predictions --reference boxes.json -w named.winnow -q
"$WINNOW" check boxes -w named.winnow --json -q >figures.json
python3 - <<'PY'
import csv, json
run = json.load(open("figures.json"))["run"] + "/"
found = [(row["path"][-7:-4], row["kind"], row["label"], row["suggested"]) for row in csv.DictReader(open(run + "box_issues.csv"))]
assert sorted(found) == [("n00", "missed", "", "dog"), ("n01", "misplaced", "cat", "cat"), ("n02", "misnamed", "cat", "dog")], found
scores = {row["path"][-7:-4]: float(row["boxes_score"]) for row in csv.DictReader(open(run + "issues.csv")) if "train" in row["path"]}
assert max(scores["n00"], scores["n01"], scores["n02"]) < 0.8 < scores["n03"], scores
PY
# The hashes that an earlier winnow kept are of no use; they are made anew, and their file goes.
ls set.winnow/columns | grep -q '^picture_hash\.3\.'
cp -r set.winnow old.winnow
mv old.winnow/columns/picture_hash.3.* "old.winnow/columns/$(cd old.winnow/columns && ls picture_hash.3.* | sed 's/hash.3/hash.2/')"
python3 -c '
import sqlite3
catalog = sqlite3.connect("old.winnow/catalog.db")
assert catalog.execute("UPDATE column_files SET name = \"picture_hash.2\" WHERE name = \"picture_hash.3\"").rowcount == 1
catalog.commit()'
"$WINNOW" check near-duplicate -w old.winnow -q >/dev/null
[ "$(cd old.winnow/columns && ls | grep -c '^picture_hash')" = 1 ] && ls old.winnow/columns | grep -q '^picture_hash\.3\.'
"$WINNOW" check --calibrate -w set.winnow -q >table.txt
[ "$(wc -l <table.txt)" = 12 ]
"$WINNOW" check --calibrate -w set.winnow --json -q -j 1 | python3 -c '
import json, sys
figures = json.load(sys.stdin)
limits = figures["limits"]
assert (figures["images"], figures["sample"]) == (13, 12), figures  # one repeats another
assert [row["bits"] for row in limits] == list(range(16, 97, 8))
assert limits[3]["changes"]["mirrored"] == 1 and limits[3]["changes"]["turned"] == 1
assert {"jpeg", "resized"} <= set(limits[3]["changes"])
assert all(a["recall"] <= b["recall"] for a, b in zip(limits, limits[1:])) and limits[0]["recall"] > 0.3'
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q "$words" message || { cat message >&2; return 1; }
}
fails 2 "did you mean 'blur'" "$WINNOW" check blurr -w set.winnow
fails 2 "CHECK.OPTION=VALUE" "$WINNOW" check --set blur -w set.winnow
fails 2 "no setting" "$WINNOW" check --set blurr.threshold=1 -w set.winnow
fails 2 "threshold" "$WINNOW" check --set blur.threshold=7 -w set.winnow
fails 2 "check labels" "$WINNOW" check --labels l.npy -w set.winnow
fails 1 "nowhere" "$WINNOW" check --tags nowhere -w set.winnow
mkdir empty
cd empty
fails 1 "there is no workspace" "$WINNOW" check
