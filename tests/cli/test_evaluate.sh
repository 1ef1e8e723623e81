# How good an embedding is, by labels from wherever they stand: folders, tables, arrays, the workspace. All must agree.
"$WINNOW" add "$IMAGES" -w a.winnow -q
"$WINNOW" embed -w a.winnow -q
"$WINNOW" embed "$IMAGES" --out e.npy --out-paths paths.txt -q
python3 - <<'P'
import os, struct
paths = open("paths.txt").read().splitlines()
names = [os.path.basename(os.path.dirname(p)) for p in paths]
kinds = sorted(set(names))
def save(name, values):
    head = "{'descr': '<i8', 'fortran_order': False, 'shape': (%d,), }" % len(values)
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    open(name, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode()
                           + struct.pack("<%dq" % len(values), *values))
save("l.npy", [kinds.index(n) for n in names])
rows = list(zip(paths, names))
open("ordered.csv", "w").write("label\n" + "".join(n + "\n" for _, n in rows))
relative = sorted((os.path.join(*p.split("/")[-2:]), n) for p, n in rows)
open("mixed.csv", "w").write("class;path\n" + "".join(f"{n};{p}\n" for p, n in relative))
open("import.csv", "w").write("path,label\n" + "".join(f"{p},{n}\n" for p, n in relative))
open("twice.csv", "w").write("path,label\nx.jpg,a\nx.jpg,b\n")
open("short.csv", "w").write("label\na\nb\n")
open("bare.csv", "w").write("path,colour\nx.jpg,red\n")
open("alien.csv", "w").write("path,label\nx.jpg,a\n")
P
"$WINNOW" evaluate -w a.winnow -k 10 --json -q >folders.json
"$WINNOW" import import.csv -w a.winnow -q
"$WINNOW" evaluate -w a.winnow -k 10 --json -q >imported.json
"$WINNOW" evaluate -w a.winnow --folders -k 10 --json -q >again.json
"$WINNOW" evaluate --train e.npy --train-labels l.npy -k 10 --json -q >numbers.json
"$WINNOW" evaluate --train e.npy --train-labels ordered.csv -k 10 --json -q >ordered.json
"$WINNOW" evaluate --train e.npy --train-labels mixed.csv --train-paths paths.txt -k 10 --json -q >mixed.json
"$WINNOW" evaluate --train e.npy --train-paths paths.txt -k 10 --json -q >paths.json
"$WINNOW" evaluate linear --train e.npy --train-labels ordered.csv --json -q >linear.json
"$WINNOW" evaluate knn --train e.npy --train-labels l.npy --test e.npy --test-paths paths.txt -k 1 --json -q >apart.json
"$WINNOW" embed -w a.winnow --dim 8 -q
"$WINNOW" evaluate overlap knn -w a.winnow --dim 8 --with default -k 10 --json -q >with.json
python3 - <<'P'
import json
load = lambda name: json.load(open(name + ".json"))
first = load("numbers")
assert set(first) == {"knn", "linear", "geometry", "seconds", "peak_memory_bytes"}, first.keys()
for name in ["folders", "imported", "again", "ordered", "mixed", "paths"]:
    other = load(name)
    for kind, figure in [("knn", "accuracy"), ("linear", "accuracy"), ("geometry", "alignment")]:
        assert abs(first[kind][figure] - other[kind][figure]) < 1e-3, (name, kind, first[kind], other[kind])
    assert other["knn"]["classes"] == first["knn"]["classes"] > 2
assert load("folders")["labels"] == load("again")["labels"] == "folders" and load("imported")["labels"] == "import"
linear = load("linear")
assert linear["accuracy"] == first["linear"]["accuracy"] > 0.5 and linear["folds"] == 5
assert linear["rows_test"] == first["knn"]["rows_test"]
# Names and numbers are different classes: nothing of the test is known.
assert load("apart")["accuracy"] == 0
both = load("with")
assert 0.2 < both["overlap"]["overlap"] < 1 and both["knn"]["dim"] == 8, both
P
"$WINNOW" evaluate -w a.winnow -q >table.txt
[ "$(cut -d ' ' -f 1 table.txt | tr '\n' ' ')" = "knn linear alignment uniformity effective intrinsic " ]
fails() { # STATUS WORDS OPTIONS...
    local status=$1 words=$2 got=0
    shift 2
    "$WINNOW" evaluate "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q -- "$words" message || { echo "$got"; cat message >&2; return 1; }
}
fails 2 "no evaluation" accuracy -w a.winnow
fails 2 "--train-labels" knn --train e.npy
fails 2 "--with" overlap -w a.winnow
fails 2 "of a workspace" knn --train e.npy --train-labels l.npy --model default
fails 2 "go together" knn --train e.npy --train-labels l.npy --test e.npy
fails 1 "twice.csv:3: 'x.jpg' stands there twice" knn --train e.npy --train-labels twice.csv --train-paths paths.txt
fails 1 "'short.csv' has 2 labels" knn --train e.npy --train-labels short.csv
fails 1 "titled label or class" knn --train e.npy --train-labels bare.csv
fails 1 "no path of 'paths.txt' stands in 'alien.csv'" knn --train e.npy --train-labels alien.csv --train-paths paths.txt
fails 1 "no such.csv" knn --train e.npy --train-labels "no such.csv"
fails 1 "other" knn -w a.winnow --labels other
mkdir flat; find "$IMAGES" -name '*.jpg' | sort | sed -n 1,6p | while read -r file; do cp "$file" flat/; done
"$WINNOW" add flat -w b.winnow -q; "$WINNOW" embed -w b.winnow -q
fails 1 "has a label" knn -w b.winnow
# Labels that tell nothing apart: unasked, what needs classes is left out and the rest is measured.
printf 'label\n' >one.csv; sed 's/.*/x/' paths.txt >>one.csv
"$WINNOW" evaluate --train e.npy --train-labels one.csv -q >table.txt
[ "$(cut -d ' ' -f 1 table.txt | tr '\n' ' ')" = "knn alignment uniformity effective intrinsic " ]
fails 1 "have one label; a probe needs two classes" linear --train e.npy --train-labels one.csv
# So it is with too few labels, and the reason is told.
awk 'BEGIN { print "number,label" } { print NR "," (NR < 3 ? "x" : "") }' paths.txt >few.csv
"$WINNOW" evaluate --train e.npy --train-labels few.csv --json >few.json 2>message
grep -q '"geometry"' few.json
grep -q "left out    linear: " message
# A table in the order of the rows that names paths is taken, with a word about it.
(echo path,label; sed 's/$/,x/' paths.txt) >order.csv
"$WINNOW" evaluate geometry --train e.npy --train-labels order.csv >table.txt 2>message
grep -q "order.csv: its labels are taken in their order" message
# An image that lies directly in the named folder: no label in a workspace, one of that folder by paths alone.
mkdir -p mixed/cat mixed/dog
cp "$(find flat -name '*.jpg' | sort | sed -n 1p)" mixed/
find flat -name '*.jpg' | sort | sed -n 2,3p | while read -r file; do cp "$file" mixed/cat/; done
find flat -name '*.jpg' | sort | sed -n 4,6p | while read -r file; do cp "$file" mixed/dog/; done
"$WINNOW" add mixed -w m.winnow -q; "$WINNOW" embed -w m.winnow -q
"$WINNOW" embed mixed --out m.npy --out-paths m.txt -q
"$WINNOW" evaluate knn -w m.winnow -k 1 --json -q >workspace.json
"$WINNOW" evaluate knn --train m.npy --train-paths m.txt -k 1 --json -q >paths.json
python3 - <<'P'
import json
figures = [json.load(open(name + ".json")) for name in ("workspace", "paths")]
assert [(f["classes"], f["rows_test"]) for f in figures] == [(2, 5), (3, 6)], figures
P
