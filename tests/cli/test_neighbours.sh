# Neighbours of small arrays, as the program writes them and as a plain search finds them.
cat >arrays.py <<'PY'
import json, math, struct, sys

def write(path, rows):
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), len(rows[0]) if rows else 3)
    head = head.ljust(117) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        for row in rows:
            file.write(struct.pack("<%df" % len(row), *row))

def read(path, code, size):
    data = open(path, "rb").read()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    head = eval(data[10:start])
    n, k = head["shape"]
    flat = struct.unpack("<%d%s" % (n * k, code), data[start:])
    return head["descr"], [list(flat[i * k:i * k + k]) for i in range(n)]

points = [[(i * 7919 + j * 104729 + i * i * 31) % 101 for j in range(3)] for i in range(60)]
points[17] = points[5]
queries = [[50, 50, 50], points[5], [0, 0, 0]]
if sys.argv[1] == "write":
    write("e.npy", points)
    write("q.npy", queries)
    write("one.npy", points[:1])
    write("none.npy", [])
    points[7][1] = math.nan
    write("nan.npy", points)
else:
    for name, rows in ("self", points), ("query", queries):
        id_type, ids = read(name + "_ids.npy", "q", 8)
        distance_type, distances = read(name + "_distances.npy", "f", 4)
        assert (id_type, distance_type) == ("<i8", "<f4") and len(ids) == len(rows)
        for at, row in enumerate(rows):
            plain = sorted((sum((a - b) ** 2 for a, b in zip(row, point)), i) for i, point in enumerate(points)
                           if name == "query" or i != at)[:4]
            assert ids[at] == [i for _, i in plain], (name, at, ids[at], plain)
            assert all(abs(d - s ** 0.5) < 1e-4 for d, (s, _) in zip(distances[at], plain))
    figures = json.load(open("self.json"))
    expected = {"rows": 60, "queries": 60, "dim": 3, "k": 4, "metric": "l2", "recall": 1.0}
    assert {key: figures[key] for key in expected} == expected
    assert figures["seconds"]["total"] >= 0 and figures["peak_memory_bytes"] > 0
    assert read("one_ids.npy", "q", 8)[1] == [[-1, -1]]
PY
python3 arrays.py write
"$WINNOW" neighbours --embeddings e.npy -k 4 --out-ids self_ids.npy --out-distances self_distances.npy --json -q >self.json
"$WINNOW" neighbours --embeddings e.npy --queries q.npy -k 4 --out-ids query_ids.npy --out-distances query_distances.npy -q
"$WINNOW" neighbours --embeddings one.npy -k 2 --metric cosine --out-ids one_ids.npy -q
python3 arrays.py check
"$WINNOW" neighbours --embeddings e.npy -k 4 --out-ids again.npy -j 1 -q
cmp self_ids.npy again.npy
"$WINNOW" neighbours --embeddings none.npy --out-ids none_ids.npy -q
"$WINNOW" neighbours --embeddings e.npy --queries none.npy --out-ids none_ids.npy --json -q | grep -c '"queries": *0[,}]' | grep -qx 1
# An index is made, read, and grown by rows that were added; the answers are those of a search from nothing.
python3 - <<'PY'
import struct
def copy(rows, to):
    data = open("e.npy", "rb").read()
    head = data[10:128].replace(b"(60, 3)", b"(%d, 3)" % rows)
    open(to, "wb").write(data[:10] + head + data[128:128 + rows * 12])
copy(40, "f.npy")
PY
for step in made read; do
    "$WINNOW" neighbours --embeddings f.npy --queries q.npy -k 4 --index f.index --out-ids x_ids.npy --json -q |
        grep -q "\"index\": *\"$step\""
done
cp e.npy f.npy
"$WINNOW" neighbours --embeddings f.npy --queries q.npy -k 4 --index f.index --out-ids kept_ids.npy \
    --out-distances kept_distances.npy --json -q | grep -q '"index": *"grown"'
cmp kept_ids.npy query_ids.npy
cmp kept_distances.npy query_distances.npy
rm -f x_ids.npy
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q "$words" message || { cat message >&2; return 1; }
}
fails 1 "nan.npy.*row 7" "$WINNOW" neighbours --embeddings nan.npy --out-ids x.npy
fails 2 "embeddings" "$WINNOW" neighbours --out-ids x.npy
fails 2 "out-ids" "$WINNOW" neighbours --embeddings e.npy
fails 2 "cosine" "$WINNOW" neighbours --embeddings e.npy --metric cosin --out-ids x.npy
fails 2 "outside" "$WINNOW" neighbours --embeddings e.npy -k 0 --out-ids x.npy
fails 2 "queries" "$WINNOW" neighbours --embeddings e.npy --index f.index --out-ids x.npy
fails 1 "by l2, not cosine" "$WINNOW" neighbours --embeddings e.npy --queries q.npy --metric cosine --index f.index --out-ids x.npy
fails 1 "kind flat, not ivf" "$WINNOW" neighbours --embeddings e.npy --queries q.npy --kind ivf --index f.index --out-ids x.npy
fails 1 "other embeddings.*delete it" "$WINNOW" neighbours --embeddings nan.npy --queries q.npy --index f.index --out-ids x.npy
fails 1 "no index of winnow" "$WINNOW" neighbours --embeddings e.npy --queries q.npy --index q.npy --out-ids x.npy
head -c 5000 f.index >cut.index
fails 1 "cut.index is damaged.*delete it" "$WINNOW" neighbours --embeddings e.npy --queries q.npy --index cut.index --out-ids x.npy
[ ! -e x.npy ]
