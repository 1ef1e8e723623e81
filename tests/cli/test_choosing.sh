# What bad input to a selection gets: a message that says what is wrong, or the documented behaviour; arrays and workspaces.
python3 - <<'PY'
import struct, random
def save(name, kind, shape, values):
    head = "{'descr': '<%s', 'fortran_order': False, 'shape': (%s), }" % (kind, "".join("%d, " % s for s in shape))
    head = head.encode().ljust(117) + b"\n"
    code = {"f4": "f", "i8": "q"}[kind]
    open(name, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + struct.pack("<%d%s" % (len(values), code), *values))
r = random.Random(1)
rows, dim = 60, 4
e = [r.gauss(0, 1) for _ in range(rows * dim)]
save("e.npy", "f4", (rows, dim), e)
for name, value in ("nan", float("nan")), ("inf", float("inf")):
    save(name + ".npy", "f4", (rows, dim), e[:30] + [value] + e[31:])
save("zero.npy", "f4", (rows, dim), [0] * (rows * dim))
save("equal.npy", "f4", (20000, dim), [0.5] * (20000 * dim))
save("empty.npy", "f4", (0, dim), [])
save("scores.npy", "f4", (rows,), [r.random() for _ in range(rows)])
save("short.npy", "f4", (rows - 1,), [r.random() for _ in range(rows - 1)])
save("labels.npy", "i8", (rows,), [r.randrange(3) for _ in range(rows)])
save("none.npy", "i8", (0,), [])
save("beyond.npy", "i8", (2,), [3, rows])
PY
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" >/dev/null 2>message || got=$?
    [ "$got" = "$status" ] && grep -q -- "$words" message || { echo "wanted $status, '$words'; got $got" >&2; cat message >&2; return 1; }
}
pick() { "$WINNOW" select --out x.npy "$@"; }

# Values that are no numbers are refused by each strategy; rows of zeros and equal rows are rows like others.
for strategy in farthest-first facility-location kmeans typiclust random; do
    fails 1 "row 7 holds NaN (column 2)" pick --embeddings nan.npy -n 5 -s $strategy
    fails 1 "row 7 holds an infinite value" pick --embeddings inf.npy -n 5 -s $strategy
    pick --embeddings zero.npy -n 5 -s $strategy --json -q | grep -q '"selected": 5'
    pick --embeddings equal.npy -n 5 -s $strategy --json -q | grep -q '"selected": 5'
    fails 2 "61 were asked for, but only 60 can be picked" pick --embeddings e.npy -n 61 -s $strategy
    pick --embeddings e.npy -n 61 --at-most -s $strategy --json -q | grep -q '"selected": 60'
done
fails 2 "-n 0: a count is a whole number from 1" pick --embeddings e.npy -n 0
fails 2 "99999999999999999999 were asked for, but only 60 can be picked" pick --embeddings e.npy -n 99999999999999999999
pick --embeddings e.npy -n 99999999999999999999 --at-most --json -q | grep -q '"selected": 60'
pick --embeddings e.npy -n "10 %" --json -q | grep -q '"selected": 6'
fails 2 "-n ten%: a share is a number and %" pick --embeddings e.npy -n ten%
fails 2 "-n 120%: a share lies above 0% and up to 100%" pick --embeddings e.npy -n 120%
fails 2 "only 0 can be picked" pick --embeddings empty.npy -n 5
fails 1 "59 scores were given for 60 rows" pick --embeddings e.npy -n 5 -s uncertainty-herding --scores short.npy
fails 1 "names row 60, but rows go from 0 to 59" pick --embeddings e.npy -n 5 --preselected beyond.npy
pick --embeddings e.npy -n 5 --out y.npy -q
pick --embeddings e.npy -n 5 --preselected none.npy -q
cmp x.npy y.npy

# The same in configs.
config() { printf '{"n_samples": %s, "strategies": [{"input": %s, "strategy": %s}, {"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}]}' "$1" "$2" "$3" >c.json; }
scores='{"type": "SCORES", "score": "s", "array": "scores.npy"}'
classes='{"type": "PREDICTIONS", "name": "CLASS_DISTRIBUTION", "array": "labels.npy"}'
config 5 "$scores" '{"type": "WEIGHTS"}'
fails 1 "row 7 holds NaN" pick --embeddings nan.npy --config c.json
for embeddings in zero equal; do
    config 5 '{"type": "RANDOM"}' '{"type": "WEIGHTS"}'
    pick --embeddings $embeddings.npy --config c.json --json -q | grep -q '"selected": 5'
done
config 61 "$scores" '{"type": "WEIGHTS"}'
fails 1 "61 were asked for, but only 60 can be picked" pick --embeddings e.npy --config c.json
config 0 "$scores" '{"type": "WEIGHTS"}'
pick --embeddings e.npy --config c.json --json -q | grep -q '"selected": 0'
config 5 '{"type": "SCORES", "score": "s", "array": "short.npy"}' '{"type": "WEIGHTS"}'
fails 1 "c.json:1: strategies\[0\]: short.npy holds 59 values, but there are 60 rows" pick --embeddings e.npy --config c.json
config 5 "$scores" '{"type": "THRESHOLD", "threshold": 9, "operation": "BIGGER"}'
fails 1 "BIGGER 9 leaves none of the 60 candidates: their values go from" pick --embeddings e.npy --config c.json
config 5 "$classes" '{"type": "BALANCE", "distribution": "TARGET", "target": {"0": 0.7, "1": 0.4}}'
fails 2 "the shares of the target sum to 1.1" pick --embeddings e.npy --config c.json
config 5 "$classes" '{"type": "BALANCE", "distribution": "TARGET", "target": {"7": 0.5}}'
fails 1 "has no class '7'" pick --embeddings e.npy --config c.json

# Predictions for files that nobody knows are left out and listed; files without predictions count as documented.
"$WINNOW" add "$IMAGES" -w w --input-side 16 -q
"$WINNOW" train -w w --steps 2 --network tiny --batch 8 --views 2 -q
find "$IMAGES" -name '*.jpg' ! -name '* *' | sort | sed "s|^$IMAGES/||" >files
python3 - <<'PY'
import json
files = open("files").read().split("\n")[:-1]
with open("p.jsonl", "w") as out:
    for i, name in enumerate(["nowhere/x.jpg"] + files[:10]):
        out.write(json.dumps({"image": name, "label": "ab"[i % 2], "score": 0.5 + 0.04 * i}) + "\n")
strategy = lambda input, strategy: {"n_samples": 5, "strategies": [{"input": input, "strategy": strategy}]}
scores = {"type": "SCORES", "task": "p", "score": "uncertainty_least_confidence"}
json.dump(strategy(scores, {"type": "WEIGHTS"}), open("weights.json", "w"))
json.dump(strategy(scores, {"type": "THRESHOLD", "threshold": 0, "operation": "BIGGER_EQUAL"}), open("threshold.json", "w"))
json.dump(strategy(scores, {"type": "THRESHOLD", "threshold": 2, "operation": "BIGGER"}), open("nothing.json", "w"))
PY
"$WINNOW" import p.jsonl --as predictions --name p -w w 2>talk
grep -q "nowhere/x.jpg" w/runs/*/import_problems.csv
"$WINNOW" select -w w --config weights.json --explain 2>/dev/null | grep -q "without a value count as"
"$WINNOW" select -w w --config threshold.json --explain 2>/dev/null | grep -q "leaves 10 of .* without a value are left out"
fails 1 "leaves none of the" "$WINNOW" select -w w --config nothing.json

# A dry run measures no covering, and says so.
"$WINNOW" curate "$IMAGES" -n 5 --dry-run -w w --json -q >dry.json
python3 - <<'PY'
import json
covering = json.load(open("dry.json"))["covering"]
assert covering["rows"] == 0 and covering["selected"] is covering["random_mean"] is covering["random_std"] is None, covering
assert set(covering["mean"].values()) == {None}, covering
PY

# A source that is gone: its images are left out with a warning; without any other there is nothing to pick from.
mkdir a b; cp $(head -n 12 files | sed "s|^|$IMAGES/|") a; cp $(tail -n 12 files | sed "s|^|$IMAGES/|") b
"$WINNOW" curate a b -n 4 -w two -q --model w/models/trained.wnm
mv a moved
"$WINNOW" curate -n 6 -w two --json 2>talk >left.json
grep -q "/a' is not there any more; its images are left out" talk
python3 - <<'PY'
import json
paths = open(json.load(open("left.json"))["files"]["list"]).read().split()
assert len(paths) == 6 and all("/b/" in path for path in paths), paths
PY
mv b gone
fails 1 "none of the 2 sources of the workspace is there any more" "$WINNOW" curate -n 6 -w two

# Members of a tar that share a name: the first one is the image, and is copied once.
mkdir t1 t2 t3; cp gone/*.jpg t1
first=$(ls t1 | sed -n 1p); cp "moved/$(ls moved | head -n 1)" "t2/$first"
tar cf twice.tar -C t1 .; tar rf twice.tar -C t2 "./$first"
"$WINNOW" curate twice.tar -n 12 --at-most -w twice --copy out -q --model w/models/trained.wnm
[ "$(ls out | wc -l)" = "$(wc -l <twice/runs/0001/selected.txt)" ]
for file in out/*; do cmp -s "$file" "t1/$(basename "$file")" || { echo "$file is another member" >&2; exit 1; }; done
