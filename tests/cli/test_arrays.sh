# Array mode: train a model file, embed files to arrays without a workspace, select and evaluate on the arrays.
"$WINNOW" add "$IMAGES" -w w --input-side 16 --quiet
"$WINNOW" train "$IMAGES" -w w --steps 4 --network tiny --batch 8 --views 2 --out m.wnm --quiet
"$WINNOW" embed "$IMAGES" --model m.wnm --out e.npy --out-paths paths.txt --json --quiet >embed.json
"$WINNOW" embed -w w --out ew.npy --out-paths pw.txt --quiet
[ ! -e images.winnow ]
"$WINNOW" select --embeddings e.npy -n 20 --out picks.npy --out-distances d.npy --json --quiet >select.json
"$WINNOW" select --embeddings e.npy -n 20 --out picks1.npy -j 1 --quiet
cmp picks.npy picks1.npy
cmp e.npy ew.npy
sed 's,.*/images/,,' paths.txt >a.txt; sed 's,.*/images/,,' pw.txt >b.txt; cmp a.txt b.txt
python3 - <<'P'
import ast, json, struct
def load(path):
    data = open(path, "rb").read()
    size = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    count = 1
    for n in header["shape"]: count *= n
    code = {"<f4": "f", "<i8": "q"}[header["descr"]]
    return header["shape"], struct.unpack("<%d%s" % (count, code), data[10 + size:])
def save(path, values):
    header = "{'descr': '<i8', 'fortran_order': False, 'shape': (%d,), }" % len(values)
    header += " " * (-(len(header) + 11) % 64) + "\n"
    open(path, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
                           + struct.pack("<%dq" % len(values), *values))
shape, values = load("e.npy")
embed, select = json.load(open("embed.json")), json.load(open("select.json"))
assert {"rows", "dim", "model", "bad", "seconds", "peak_memory_bytes"} <= set(embed)
assert {"rows", "dim", "strategy", "selected", "objective", "covering_radius", "seconds",
        "peak_memory_bytes"} <= set(select)
paths = open("paths.txt").read().splitlines()
assert shape == (embed["rows"], embed["dim"]) and len(paths) == embed["rows"]
rows = [values[i * shape[1]:(i + 1) * shape[1]] for i in range(shape[0])]
assert all(abs(sum(x * x for x in row) - 1) < 1e-3 for row in rows)
_, picks = load("picks.npy")
_, distances = load("d.npy")
far = lambda a, b: sum((x - y) ** 2 for x, y in zip(a, b)) ** 0.5
best = [float("inf")] * shape[0]
for rank, pick in enumerate(picks):          # the plain method as the judge
    if rank:
        assert abs(distances[rank] - best[pick]) < 1e-4 and best[pick] >= max(best) - 1e-4
    best = [min(d, far(row, rows[pick])) for d, row in zip(best, rows)]
assert abs(max(best) - select["covering_radius"]) < 1e-4, (max(best), select)
names = sorted({path.split("/")[-2] for path in paths})
save("labels.npy", [names.index(path.split("/")[-2]) for path in paths])
save("first.npy", list(picks[:5]))
P
"$WINNOW" select --embeddings e.npy -n 5 --preselected first.npy --quiet >rest.txt
"$WINNOW" select --embeddings e.npy -n 10 --quiet >ten.txt
head -n 5 ten.txt | cat - rest.txt | cmp - ten.txt
"$WINNOW" evaluate knn --train e.npy --train-labels labels.npy -k 10 --json | grep -o '"accuracy": 0\.[0-9]'
status=0; "$WINNOW" select --embeddings e.npy -n 100000 --out x.npy 2>err.txt || status=$?
grep -c "ask for fewer" err.txt; echo $status
# --explain picks nothing.
"$WINNOW" select --embeddings e.npy -n 5 --preselected first.npy --out never.npy --explain >explain.txt
grep -q "5 count as picked already" explain.txt
grep -q "picks 5 with farthest-first" explain.txt
[ ! -e never.npy ]
# An input is never written over.
cp e.npy kept.npy
status=0; "$WINNOW" select --embeddings e.npy -n 5 --out ./e.npy 2>err.txt || status=$?
grep -c "would be written over --embeddings" err.txt; echo $status
cmp e.npy kept.npy
