# Selecting by objects: crops of imported boxes and of tiles are embedded once, from folders and tars alike.
"$WINNOW" add "$IMAGES" -w w -q
python3 - "$IMAGES" w <<'PY'
import json, os, sqlite3, sys
images, workspace = sys.argv[1:]
size = {bytes(name).decode() if isinstance(name, bytes) else name: (w, h) for name, w, h in
        sqlite3.connect(workspace + "/catalog.db").execute("SELECT name, width, height FROM samples WHERE status = 0")}
files = sorted(size)
os.makedirs("p/predictions/things"); os.makedirs("p/predictions/kinds")
json.dump(["things", "kinds"], open("p/predictions/tasks.json", "w"))
categories = [{"id": 0, "name": "a"}, {"id": 1, "name": "b"}]
json.dump({"task_type": "object-detection", "categories": categories}, open("p/predictions/things/schema.json", "w"))
json.dump({"task_type": "classification", "categories": categories}, open("p/predictions/kinds/schema.json", "w"))
boxes = 0
for i, name in enumerate(files):
    w, h = size[name]
    found = [] if i % 4 == 3 else [[0, 0, w / 2, h / 2], [w / 4, h / 4, w / 2, h / 2]]
    boxes += len(found)
    if i == 0: found += [[1, 1, 3, 40], [0, 0, w / 2, h / 2]]
    for task, predictions in (("things", [{"category_id": 0, "bbox": b, "score": 0.5} for b in found]),
                              ("kinds", [{"category_id": i % 2, "score": 0.9}])):
        path = "p/predictions/%s/%s.json" % (task, os.path.splitext(name)[0])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        json.dump({"file_name": name, "predictions": predictions}, open(path, "w"))
open("boxes", "w").write(str(boxes))
open("bare", "w").write("\n".join(files[3::4]) + "\n")
strategy = lambda input, type, **more: {"input": {"type": "EMBEDDINGS", **input}, "strategy": {"type": type, **more}}
tiles = {"type": "TILING", "name": "tiles", "num_rows": 2, "num_cols": 2, "overlap": 0.1}
for name, config in {
    "things": {"strategies": [strategy({"task": "things"}, "DIVERSITY")]},
    "typical": {"strategies": [strategy({"task": "things"}, "DIVERSITY"), strategy({"task": "things"}, "TYPICALITY", num_nearest_neighbors=5)]},
    "similar": {"strategies": [strategy({"task": "things", "tag_name": "things"}, "SIMILARITY")]},
    "tiles": {"strategies": [strategy({"task": "tiles"}, "DIVERSITY")], "auto_tasks": [tiles]},
    "kinds": {"strategies": [strategy({"task": "kinds"}, "DIVERSITY")]},
    "typo": {"strategies": [strategy({"task": "thing"}, "DIVERSITY")]},
    "whole": {"strategies": [strategy({"task": "all"}, "DIVERSITY")],
              "auto_tasks": [{"type": "CROP", "name": "all", "bboxs": [[0, 0, 1, 1]]}]},
    "plain": {"strategies": [strategy({}, "DIVERSITY")]},
}.items(): json.dump({"n_samples": 8, **config}, open(name + ".json", "w"))
PY
"$WINNOW" import p/predictions --as predictions -w w -q
cp -r w w1

# Each object is embedded once: what is tiny is not, and what is there twice is not embedded twice.
"$WINNOW" select -w w --config things.json --tag things --out-reasons things.csv --out things.txt 2>talk -j 7
grep -q "embedding $(cat boxes) objects of 'things'" talk
"$WINNOW" select -w w --config things.json --tag things --out again.txt 2>talk
! grep "embedding" talk
cmp things.txt again.txt
"$WINNOW" select -w w1 --config things.json --tag things --out one.txt -q -j 1
cmp things.txt one.txt
"$WINNOW" select -w w --config things.json --explain >explain
grep -q "$(($(cat boxes) + 1)) objects of things in .* images; 1 smaller than 8 pixels or outside are left out" explain
grep -q "without one cannot be picked" explain
[ "$(wc -l <things.txt)" = 8 ]
grep -F -f bare things.txt && exit 1
for config in typical similar; do "$WINNOW" select -w w --config $config.json --tag $config --out $config.txt -q; done
grep -q . similar.txt

# Instances that have a mask and no box are as if they had the box around it.
python3 - w <<'PY'
import json, os, sqlite3, sys
rows = sqlite3.connect(sys.argv[1] + "/catalog.db").execute("SELECT name, width, height FROM samples WHERE status = 0").fetchall()
for task, kind in (("masked", "instance-segmentation"), ("boxed", "object-detection")):
    os.makedirs("m/predictions/" + task)
    json.dump({"task_type": kind, "categories": [{"id": 0, "name": "a"}]}, open("m/predictions/%s/schema.json" % task, "w"))
    json.dump({"n_samples": 8, "strategies": [{"input": {"type": "EMBEDDINGS", "task": task}, "strategy": {"type": "DIVERSITY"}}]},
              open(task + ".json", "w"))
    for name, w, h in rows:
        name = name.decode() if isinstance(name, bytes) else name
        found = []
        for x, y, bw, bh in ((w // 4, h // 3, w // 2, h // 2), (w // 3, 0, w - w // 3, h // 2)):
            runs = [y * w + x] + [bw, w - bw] * (bh - 1) + [bw]
            left = w * h - sum(runs)
            found.append({"category_id": 0, "score": 0.5, **({"segmentation": runs + [left] * (left > 0)} if task == "masked"
                                                             else {"bbox": [x, y, bw, bh]})})
        path = "m/predictions/%s/%s.json" % (task, os.path.splitext(name)[0])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        json.dump({"file_name": name, "predictions": found}, open(path, "w"))
json.dump(["masked", "boxed"], open("m/predictions/tasks.json", "w"))
PY
"$WINNOW" import m/predictions --as predictions -w w -q
for task in masked boxed; do "$WINNOW" select -w w --config $task.json --tag $task --out $task.txt -q; done
[ "$(wc -l <masked.txt)" = 8 ]
cmp masked.txt boxed.txt

# Tiles; and the whole image as its one object, which is the image.
"$WINNOW" select -w w --config tiles.json --tag tiles -q --out tiles.txt
"$WINNOW" select -w w --config tiles.json --tag tiles -q --out tiles1.txt -j 1
cmp tiles.txt tiles1.txt
"$WINNOW" select -w w --config whole.json --tag whole -q --out-reasons whole.csv --out whole.txt
"$WINNOW" select -w w --config plain.json --tag plain -q --out-reasons plain.csv --out plain.txt
python3 - <<'PY'
import csv
whole, plain = [[float(r["diversity"]) for r in list(csv.DictReader(open(n + ".csv")))[1:]] for n in ("whole", "plain")]
assert all(abs(a - b) < 0.08 for a, b in zip(whole, plain)), (whole, plain)
PY

# The same from tars, plain and compressed.
for tar in a.tar a.tar.gz; do
    tar --sort=name -caf $tar -C "$IMAGES" .
    "$WINNOW" add $tar -w w.$tar --input-side 32 -q
    "$WINNOW" import p/predictions --as predictions -w w.$tar -q
    "$WINNOW" select -w w.$tar --config things.json -q --out tarred.txt
    diff <(sed "s|^$IMAGES/||" things.txt | sort) <(sed "s|^.*$tar/\(\./\)\?||" tarred.txt | sort)
done

# curate goes the same way.
"$WINNOW" curate -w w --config things.json -q --json >curated.json
grep -q '"selected": 8' curated.json

fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" >/dev/null 2>message || got=$?
    [ "$got" = "$status" ] && grep -q -- "$words" message || { echo "wanted $status, '$words'; got $got" >&2; cat message >&2; return 1; }
}
fails 1 "kinds.json:1: strategies\[0\].input.task: 'kinds' has no boxes" "$WINNOW" select -w w --config kinds.json
fails 1 "typo.json:1: strategies\[0\].input.task: there is no task 'thing'; did you mean 'things'?" "$WINNOW" select -w w --config typo.json
sed 's/"thing"/"nothing like it"/' typo.json >far.json
fails 1 "there is no task 'nothing like it'; .*'winnow import PATH' brings boxes, and 'auto_tasks' of the config makes some" "$WINNOW" select -w w --config far.json
sed 's/"num_rows": 2/"num_rows": 20/; s/"num_cols": 2/"num_cols": 20/' tiles.json >small.json
fails 1 "all [0-9]* objects of 'tiles' are smaller than 8 pixels or outside their image; lower num_rows and num_cols" "$WINNOW" select -w w --config small.json
sed 's/"bboxs": .*/"bboxs": [[0, 0, 0.01, 0.01]]}]}/' whole.json >small.json
fails 1 "all [0-9]* objects of 'all' are smaller than 8 pixels.*make its bboxs larger" "$WINNOW" select -w w --config small.json
sed 's/"tiles"/""/g' tiles.json >empty.json
fails 2 'empty.json:1: auto_tasks\[0\].name: a name is expected here' "$WINNOW" select -w w --config empty.json
fails 1 "have no object" "$WINNOW" select -w w --config things.json -n 100000
"$WINNOW" embed -w w --out e.npy -q
fails 1 "without a workspace there are no images" "$WINNOW" select --embeddings e.npy --config things.json --out x.npy

# An image that vanished loses its objects; everything else is done.
cp -r "$IMAGES" copy
"$WINNOW" add copy -w v --input-side 32 -q
"$WINNOW" import p/predictions --as predictions -w v -q
gone=$(sed "s|^$IMAGES/||" things.txt | sed -n 1p)
rm "copy/$gone"
"$WINNOW" select -w v --config things.json --out rest.txt 2>talk
grep -q "copy/$gone: does not exist (any more); its objects are left out" talk
grep -F "$gone" rest.txt && exit 1
[ "$(wc -l <rest.txt)" = 8 ]

# So does one that is another picture now.
cp -r "$IMAGES" other
"$WINNOW" add other -w o --input-side 32 -q
"$WINNOW" import p/predictions --as predictions -w o -q
touch -d 2001-01-01 "other/$gone"
"$WINNOW" select -w o --config things.json --out rest.txt 2>talk
grep -q "other/$gone: has changed since it was read; 'winnow add' reads it again; its objects are left out" talk
grep -F "$gone" rest.txt && exit 1

# A dry run writes neither tag nor files.
echo kept >dry.txt
"$WINNOW" select -w w --config plain.json --tag dry --dry-run --out dry.txt --out-reasons dry.csv --json >dry.json 2>talk
[ "$(cat dry.txt)" = kept ] && [ ! -e dry.csv ]
grep -q '"tag": null' dry.json && grep -q "none was kept" talk
"$WINNOW" tag -w w --json | grep -q '"dry"' && exit 1
[ "$("$WINNOW" select -w w --config plain.json --dry-run --out dry.txt -q | wc -l)" = 8 ]
