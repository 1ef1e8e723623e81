# Scores of arrays against the formulas, and the messages for what makes no sense.
cat >arrays.py <<'PY'
import json, math, struct, sys

def write(path, rows, code="f4"):
    shape = "(%d, %d)" % (len(rows), len(rows[0])) if isinstance(rows[0], list) else "(%d,)" % len(rows)
    head = ("{'descr': '<%s', 'fortran_order': False, 'shape': %s, }" % (code, shape)).ljust(117) + "\n"
    flat = [v for row in rows for v in row] if isinstance(rows[0], list) else rows
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        file.write(struct.pack("<%d%s" % (len(flat), {"f4": "f", "i8": "q"}[code]), *flat))

def read(path):
    data = open(path, "rb").read()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return list(struct.unpack("<%df" % eval(data[10:start])["shape"][0], data[start:]))

p = [[0.7, 0.2, 0.1], [0.4, 0.4, 0.2], [1, 0, 0], [0.1, 0.3, 0.6]]
q = [[0.2, 0.7, 0.1], [0.4, 0.4, 0.2], [1, 0, 0], [0.3, 0.1, 0.6]]
if sys.argv[1] == "write":
    write("p.npy", p)
    write("q.npy", q)
    write("nan.npy", [[math.nan, 1.0], [0.5, 0.5]])
    write("l.npy", [0, 1, 0, -1], "i8")
    write("short.npy", [0, 1], "i8")
else:
    entropy = [-sum(v * math.log(v) for v in row if v) / math.log(3) for row in p]
    margin = [1 - (sorted(row)[-1] - sorted(row)[-2]) for row in p]
    change = [sum(abs(a - b) for a, b in zip(x, y)) / 2 for x, y in zip(p, q)]
    for name, expected in ("entropy", entropy), ("margin", margin), ("change", change):
        got = read(name + ".npy")
        assert all(abs(a - b) < 1e-5 for a, b in zip(got, expected)) and len(got) == 4, (name, got, expected)
    assert read("none.npy") == [0.0, 1.0]
    figures = json.load(open("entropy.json"))
    assert figures["rows"] == 4 and figures["classes"] == 3 and figures["score"] == "entropy"
    assert json.load(open("none.json"))["unusable"] == 1
    assert json.load(open("fit.json"))["temperature"] > 0
PY
python3 arrays.py write
"$WINNOW" score --probabilities p.npy --score entropy --out entropy.npy --json -q >entropy.json
"$WINNOW" score p.npy --score margin --out margin.npy -q
"$WINNOW" score p.npy q.npy --score change --out change.npy -q
"$WINNOW" score nan.npy --out none.npy --json -q >none.json
"$WINNOW" score p.npy --labels l.npy --score margin --json -q >fit.json
python3 arrays.py check
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q -- "$words" message || { cat message >&2; return 1; }
}
fails 2 "probabilities" "$WINNOW" score --out x.npy
fails 2 "--out" "$WINNOW" score p.npy
fails 2 "'entropy'" "$WINNOW" score p.npy --score entropi --out x.npy
fails 2 "one array" "$WINNOW" score p.npy q.npy --score margin --out x.npy
fails 1 "two" "$WINNOW" score p.npy --score change --out x.npy
fails 1 "2 labels for 4 rows" "$WINNOW" score p.npy --labels short.npy --out x.npy
[ ! -e x.npy ]
