# Maps of small arrays: what is written, what is refused.
cat >arrays.py <<'PY'
import json, math, struct, sys

def write(path, rows, dim=5):
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), dim)
    head = head.ljust(117) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        for row in rows:
            file.write(struct.pack("<%df" % len(row), *row))

def read(path):
    data = open(path, "rb").read()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    head = eval(data[10:start])
    n, k = head["shape"]
    flat = struct.unpack("<%df" % (n * k), data[start:])
    assert head["descr"] == "<f4"
    return [list(flat[i * k:i * k + k]) for i in range(n)]

rows = [[3 * math.cos(i), i % 7, 0.1 * (i * i % 5), 40 * (i % 2), 1] for i in range(90)]
if sys.argv[1] == "write":
    write("e.npy", rows)
    write("none.npy", [])
    rows[7][1] = math.nan
    write("nan.npy", rows)
else:
    points = read(sys.argv[2])
    assert len(points) == 90 and len(points[0]) == int(sys.argv[3])
    assert all(math.isfinite(value) for point in points for value in point)
    figures = json.load(open("figures.json"))
    assert figures["quality"]["sampled"] == 90 and figures["quality"]["trustworthiness"] > 0.8, figures["quality"]
    expected = {"rows": 90, "dim": 5, "dims": int(sys.argv[3]), "method": sys.argv[4]}
    assert {key: figures[key] for key in expected} == expected, figures
    assert figures["seconds"]["total"] >= 0 and figures["peak_memory_bytes"] > 0
    # the two heaps, 40 apart, stay apart: each point's nearest is of its own heap
    for i, point in enumerate(points):
        nearest = min((math.dist(point, other), j) for j, other in enumerate(points) if j != i)[1]
        assert nearest % 2 == i % 2, (i, nearest)
PY
python3 arrays.py write
"$WINNOW" neighbours --embeddings e.npy -k 89 --out-ids i.npy --out-distances d.npy -q
for method in pca umap tsne pacmap; do
    for dims in 2 3; do
        "$WINNOW" map --embeddings e.npy --method $method --dims $dims --out y.npy --json -q >figures.json
        python3 arrays.py check y.npy $dims $method
        "$WINNOW" map --embeddings e.npy --method $method --dims $dims --out again.npy -j 1 -q
        cmp y.npy again.npy
        "$WINNOW" map --embeddings e.npy --method $method --dims $dims --graph-ids i.npy --graph-distances d.npy \
            --out again.npy -q
        cmp y.npy again.npy
    done
done
"$WINNOW" map --embeddings e.npy --method umap --method-options epochs=7,min-distance=0.5 --out y.npy --json -q >few.json
grep -qw '"iterations": 7' few.json
"$WINNOW" map --embeddings e.npy --method pca --out x.npy --dry-run 2>message
grep -q "nothing was written" message
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q "$words" message || { cat message >&2; return 1; }
}
fails 1 "nan.npy.*row 7\|embeddings.*row 7" "$WINNOW" map --embeddings nan.npy --out x.npy
fails 1 "no rows" "$WINNOW" map --embeddings none.npy --out x.npy
fails 1 "memory-limit" "$WINNOW" map --embeddings e.npy --out x.npy --memory-limit 100
fails 2 "array mode" "$WINNOW" map --out x.npy
fails 2 "out Y.npy" "$WINNOW" map --embeddings e.npy
fails 2 "'pca'" "$WINNOW" map --embeddings e.npy --method pcs --out x.npy
fails 2 "min-distance" "$WINNOW" map --embeddings e.npy --method umap --method-options min-distence=1 --out x.npy
python3 - <<'PY'
import struct
head = "{'descr': '<i8', 'fortran_order': False, 'shape': (90,), }".ljust(117) + "\n"
open("l.npy", "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() +
                          struct.pack("<90q", *[i % 2 for i in range(90)]))
PY
"$WINNOW" map --embeddings e.npy --method umap --labels l.npy --out y.npy 2>message
grep -q "same label 100.0 %" message
fails 1 "90 labels" "$WINNOW" map --embeddings none.npy --labels l.npy --out x.npy
fails 2 "belong together" "$WINNOW" map --embeddings e.npy --method umap --graph-ids i.npy --out x.npy
fails 1 "N x K" "$WINNOW" map --embeddings e.npy --method umap --graph-ids i.npy --graph-distances e.npy --out x.npy
fails 2 "perplexity" "$WINNOW" map --embeddings e.npy --method tsne --method-options perplexity=0 --out x.npy
fails 2 "dims" "$WINNOW" map --embeddings e.npy --dims 4 --out x.npy
fails 2 "over --embeddings" "$WINNOW" map --embeddings e.npy --out e.npy
[ ! -e x.npy ]
