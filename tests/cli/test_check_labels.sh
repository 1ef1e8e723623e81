# Labels checked from arrays: what is printed, what is written, and what is refused.
cat >arrays.py <<'PY'
import json, struct, sys

def write(path, code, rows, shape):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (code, shape)
    head = head.ljust(117) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        file.write(struct.pack("<%d%s" % (len(rows), {"<f8": "d", "<f4": "f", "<i8": "q"}[code]), *rows))

def read(path, code, size):
    data = open(path, "rb").read()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return list(struct.unpack("<%d%s" % ((len(data) - start) // size, code), data[start:]))

labels = [i % 3 for i in range(90)]
rows = []
for i, label in enumerate(labels):
    truth = (label + 1) % 3 if i in (12, 31, 77) else label
    p = [0.1 + 0.0001 * i] * 3
    p[truth] = 1 - sum(p) + p[truth]
    rows += p
if sys.argv[1] == "write":
    write("p.npy", "<f8", rows, (90, 3))
    write("l.npy", "<i8", labels, (90,))
    write("short.npy", "<i8", labels[:5], (5,))
    write("high.npy", "<i8", labels[:89] + [3], (90,))
    sets = [int(i % 2 == k or i % 3 == k) for i in range(90) for k in range(2)]
    sure = [0.9 - 0.001 * i if x else 0.1 + 0.001 * i for i, x in enumerate(sets)]
    sets[2 * 40 + 1] = 1 - sets[2 * 40 + 1]
    write("sets.npy", "<i8", sets, (90, 2))
    write("sure.npy", "<f8", sure, (90, 2))
    # masks: 3 images of 4 x 5, the class of a pixel is its column modulo 2; one pixel is wrong, one has no class
    masks = [i % 5 % 2 for i in range(60)]
    planes = [0.9 if i % 5 % 2 == k else 0.1 for image in range(3) for k in range(2) for i in range(20)]
    masks[27], masks[59] = 1 - masks[27], 255
    write("masks.npy", "<i8", masks, (3, 4, 5))
    write("planes.npy", "<f4", planes, (3, 2, 4, 5))
    write("logits.npy", "<f4", [9 * x - 4 for x in rows], (90, 3))
else:
    assert read("issues.npy", "q", 8) == [12, 31, 77]
    scores = read("scores.npy", "f", 4)
    assert sorted(range(90), key=lambda i: scores[i])[:3] == [12, 31, 77] and len(scores) == 90
    assert abs(scores[12] - (2 * 0.1012 - 1 + 0.1012 + 1) / 2) < 1e-6
    classes = read("classes.npy", "q", 8)
    assert classes == [(x + 1) % 3 if i in (12, 31, 77) else x for i, x in enumerate(labels)]
    figures = json.load(open("figures.json"))
    expected = {"rows": 90, "classes": 3, "issues": 3, "estimated_errors": 3, "filter": "prune-by-noise-rate"}
    assert {key: figures[key] for key in expected} == expected
PY
python3 arrays.py write
"$WINNOW" check labels --probabilities sure.npy --labels sets.npy --out-issues rows.npy --out-suggested turned.npy \
    --json 2>said >sets.json
grep -q "row 40: class 1 is labelled" said
python3 - <<'PY'
import json, struct
figures = json.load(open("sets.json"))
expected = {"rows": 90, "classes": 2, "task": "multi-label", "issues": 1, "issues_by_class": [0, 1]}
assert {key: figures[key] for key in expected} == expected, figures
assert struct.unpack("<q", open("rows.npy", "rb").read()[-8:]) == (40,)
given, turned = open("sets.npy", "rb").read()[-90 * 16:], open("turned.npy", "rb").read()[-90 * 16:]
assert [i for i in range(180) if given[8 * i] != turned[8 * i]] == [81]
PY
"$WINNOW" check labels --probabilities planes.npy --labels masks.npy --out soft.npy --out-issues wrong.npy \
    --out-suggested mended.npy --json 2>said >masks.json
grep -q "image 1: 1 pixels" said
python3 - <<'PY'
import json, struct
figures = json.load(open("masks.json"))
expected = {"images": 3, "height": 4, "width": 5, "classes": 2, "task": "segmentation", "issues": 1, "unlabelled": 1}
assert {key: figures[key] for key in expected} == expected, figures
wrong, mended, soft = (open(name, "rb").read() for name in ("wrong.npy", "mended.npy", "soft.npy"))
assert b"'|b1'" in wrong and b"(3, 4, 5)" in wrong and [i for i in range(60) if wrong[-60:][i]] == [27]
classes = struct.unpack("<60H", mended[-120:])
assert b"(3, 4, 5)" in mended and list(classes) == [i % 5 % 2 for i in range(59)] + [65535], classes
scores = struct.unpack("<3f", soft[-12:])
assert scores[1] < 0.2 and abs(scores[0] - 0.9) < 1e-6 and abs(scores[2] - 0.9) < 1e-6, scores
PY
"$WINNOW" check labels --probabilities p.npy --labels l.npy --out scores.npy --out-issues issues.npy \
    --out-suggested classes.npy --json 2>said >figures.json
python3 arrays.py check
grep -q "3 issues by prune-by-noise-rate in 90 rows" said
grep -q "row 12: labelled 0, suggested 1" said
# a NaN among floats is "no label", as a negative number is
python3 - <<'PY'
import struct, sys
sys.argv = ["arrays.py", "none"]
source = open("arrays.py").read()
exec(source[:source.index("if sys.argv[1]")])
def read_integers(name, count): return list(struct.unpack("<%dq" % count, open(name, "rb").read()[-8 * count:]))
for name, shape in (("l", (90,)), ("sets", (90, 2)), ("masks", (3, 4, 5))):
    count = 1
    for n in shape: count *= n
    values = read_integers(name + ".npy", count)
    holes = [float("nan") if i % 7 == 5 else v for i, v in enumerate(values)]
    write(name + ".minus.npy", "<i8", [-1 if i % 7 == 5 else v for i, v in enumerate(values)], shape)
    write(name + ".f4.npy", "<f4", holes, shape)
    write(name + ".f8.npy", "<f8", holes, shape)
PY
for pair in p:l sure:sets planes:masks; do
    for kind in minus f4 f8; do
        "$WINNOW" check labels --probabilities ${pair%:*}.npy --labels ${pair#*:}.$kind.npy --out $kind.out.npy -q
    done
    cmp minus.out.npy f4.out.npy && cmp minus.out.npy f8.out.npy
done
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q "$words" message || { cat message >&2; return 1; }
}
fails 1 "short.npy.*5 labels" "$WINNOW" check labels --probabilities p.npy --labels short.npy --out x.npy
fails 1 "row 89 has the label 3" "$WINNOW" check labels --probabilities p.npy --labels high.npy --out x.npy
fails 1 "90 x 3 probabilities.*90 x 2 labels" "$WINNOW" check labels --probabilities p.npy --labels sets.npy --out x.npy
fails 2 "go with --probabilities" "$WINNOW" check labels --embeddings p.npy --labels sets.npy --out x.npy
fails 1 "images x classes x height x width" "$WINNOW" check labels --probabilities p.npy --labels masks.npy --out x.npy
fails 1 "images x classes x height x width" "$WINNOW" check labels --probabilities masks.npy --labels masks.npy --out x.npy
fails 1 "4 dimensions" "$WINNOW" check labels --probabilities planes.npy --labels l.npy --out x.npy
fails 2 "one score and one rule" "$WINNOW" check labels --probabilities planes.npy --labels masks.npy --filter both --out x.npy
fails 1 "softmax" "$WINNOW" check labels --probabilities logits.npy --labels l.npy --out x.npy
fails 1 "matrix" "$WINNOW" check labels --probabilities l.npy --labels l.npy --out x.npy
fails 2 "labels L.npy" "$WINNOW" check labels --probabilities p.npy --out x.npy
fails 2 "out SCORES.npy" "$WINNOW" check labels --probabilities p.npy --labels l.npy
fails 2 "normalized-margin" "$WINNOW" check labels --probabilities p.npy --labels l.npy --method margin --out x.npy
[ ! -e x.npy ]
"$WINNOW" check labels --probabilities p.npy --labels l.npy --out x.npy --dry-run 2>said
grep -q "would check 90 labels" said
[ ! -e x.npy ]
# Without a model: blobs of points, three of them with the label of another blob.
cat >blobs.py <<'PY'
import struct, sys
exec(open("arrays.py").read().split("labels =")[0])
labels = [i % 3 for i in range(90)]
points = []
for i, label in enumerate(labels):
    points += [(1.0 if c == label else 0.0) + 0.001 * ((i * 37 + c * 11) % 17) for c in range(3)]
given = [(x + 1) % 3 if i in (12, 31, 77) else x for i, x in enumerate(labels)]
if sys.argv[1] == "write":
    write("e.npy", "<f4", points, (90, 3))
    write("g.npy", "<i8", given, (90,))
else:
    assert sorted(read("issues.npy", "q", 8)) == [12, 31, 77]
    assert read("classes.npy", "q", 8) == labels
PY
python3 blobs.py write
"$WINNOW" check labels --embeddings e.npy --labels g.npy -k 8 --out scores.npy --out-issues issues.npy \
    --out-suggested classes.npy -q
python3 blobs.py check
fails 2 "probabilities P.npy or" "$WINNOW" check labels --labels g.npy --out y.npy
fails 2 "probabilities P.npy or" "$WINNOW" check labels --probabilities p.npy --embeddings e.npy --labels g.npy --out y.npy
fails 1 "memory-limit" "$WINNOW" check labels --embeddings e.npy --labels g.npy --memory-limit 1MB --out y.npy
[ ! -e y.npy ]
