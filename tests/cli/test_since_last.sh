# The growing pool: each run picks among what is new, far from what runs picked before; nothing new makes no run.
run() { "$WINNOW" curate pool -w w -n 8 --since-last --train-steps 4 --train-network tiny --input-side 16 --json -q; }
mkdir pool
mapfile -t files < <(find "$IMAGES" -name '*.jpg' | sort)
place() { for i in $(seq "$1" "$2"); do cp "${files[$i]}" "pool/$i.jpg"; done; }
place 0 14
run >first.json
run >idle.json
[ ! -e w/runs/0002 ]
place 15 29
run >second.json
cp pool/20.jpg pool/copy.jpg
run >copy.json
place 30 32
run >third.json
run >again.json
python3 - <<'PY'
import json, sqlite3
load = lambda name: json.load(open(name + ".json"))
assert load("first")["selected"] == 8 and not load("first")["nothing_new"]
for name in "idle", "copy", "again":
    assert load(name)["nothing_new"] and load(name)["selected"] == 0, name
assert load("second")["selected"] == 8
assert 1 <= load("third")["selected"] <= 3 # fewer than asked for: all of them
batches = [open("w/runs/000%d/selected.txt" % i).read().split("\n")[:-1] for i in (1, 2, 3)]
number = lambda path: int(path.split("/")[-1].split(".")[0])
assert all(number(p) < 15 for p in batches[0]) and all(15 <= number(p) < 30 for p in batches[1])
assert all(30 <= number(p) < 33 for p in batches[2]), batches[2]
PY
[ ! -e w/runs/0004 ]
grep -q "selected before this run" w/runs/0002/report.html
[ "$(grep -c "selected before this run" w/runs/0001/report.html)" = 0 ]
status=0; "$WINNOW" curate pool -w w -n 8 --since-last --except-tag selected 2>message || status=$?
[ $status = 1 ] && grep -q "leave --except-tag out" message

# Distances are those of all images to all that were ever picked: with everything picked nothing is far.
mkdir small
one() { "$WINNOW" curate small -w v -n 100% --since-last --train-steps 4 --train-network tiny --input-side 16 --json -q; }
for i in $(seq 0 9); do cp "${files[$i]}" "small/$i.jpg"; done
one >all.json
cp "${files[10]}" small/10.jpg
one >rest.json
python3 - <<'PY'
import json
for name in "all", "rest":
    result = json.load(open(name + ".json"))
    assert result["covering"]["selected"] == 0, (name, result["covering"])
assert json.load(open("rest.json"))["selected"] == 1
PY

# What a run on another folder did not look at is new, though it was in the workspace before.
mkdir left right
for i in 0 1 2 3; do cp "${files[$((20 + i))]}" "left/$i.jpg"; cp "${files[$((24 + i))]}" "right/$i.jpg"; done
"$WINNOW" add left right -w both --input-side 16 --quiet
"$WINNOW" curate left -n 2 -w both --train-steps 4 --train-network tiny --input-side 16 --quiet
"$WINNOW" curate right -n 2 -w both --since-last --quiet
"$WINNOW" curate left -n 2 -w both --since-last --json --quiet >still.json
grep -c right/ both/runs/0002/selected.txt | grep -qx 2
grep -q '"nothing_new": true' still.json
