# winnow info of every kind of file, and of what is none of them or damaged.
W="$WINNOW"
refuses() { # STATUS TEXT FILE
    local status=0
    "$W" info "$3" >refused.txt 2>&1 || status=$?
    [ "$status" = "$1" ] && grep -qF -- "$2" refused.txt || { cat refused.txt; echo "info $3: $status, not '$2'"; }
}
says() { # FILE KEY VALUE: as a line of the table
    "$W" info "$1" >said.txt
    grep -qE "^$2  *$3\$" said.txt || { cat said.txt; echo "info $1: no '$2 $3'"; }
}
json() { "$W" info "$1" --json | python3 -c 'import json, sys; f = json.load(sys.stdin); assert eval(sys.argv[1]), f' "$2"; }

# A workspace with a model that was trained, a reduction of it and the arrays that come from it.
"$W" add "$IMAGES" -w w --input-side 16 -q
"$W" train "$IMAGES" -w w --network tiny --steps 3 --batch 8 --views 2 --name t --out t.wnm -q
"$W" embed "$IMAGES" --model t.wnm --out e.npy -q
"$W" embed "$IMAGES" --model t.wnm --dim 4 --out r.npy --out-model r.wnr -q
"$W" model export t.wnm --out t.safetensors -q
images=$(find "$IMAGES" -type f | wc -l)
python3 - <<'P'
import struct
def npy(name, code, shape, data):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (code, shape)
    head += " " * (-(len(head) + 11) % 64) + "\n"
    open(name, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)
nan = float("nan")
npy("gaps.npy", "<f4", "(3, 2)", struct.pack("<6f", 3, 4, nan, 1, 0, -2))
npy("labels.npy", "<i8", "(4,)", struct.pack("<4q", 7, -1, 3, 3))
npy("half.npy", "<f2", "(2, 2)", struct.pack("<4e", 1, 0, 0, 1))
npy("planes.npy", "|u1", "(2, 3, 4)", bytes(24))
npy("objects.npy", "|O", "(2,)", b"xx")
import random
random.seed(1)
npy("rows.npy", "<f4", "(600, 8)", struct.pack("<4800f", *(random.gauss(0, 1) for _ in range(4800))))
npy("query.npy", "<f4", "(1, 8)", struct.pack("<8f", *range(8)))
header = b'{"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'
open("alien.safetensors", "wb").write(struct.pack("<Q", len(header)) + header + bytes(24))
P
"$W" neighbours --embeddings rows.npy --queries query.npy --index rows.index --out-ids i.npy -q

says t.wnm kind model
says t.wnm network tiny
says t.wnm "nested dims" "32, 64, 128"
says t.wnm "trained steps" 3
json t.wnm 'f["kind"] == "model" and f["dim"] == 128 and f["parameters"] > 1000 and f["side"] == 16 and f["bytes"] > 4 * f["parameters"]'
json default 'f["network"] == "mobile" and f["cut"] == 1.5 and f["side"] == 112'
json t.safetensors 'f["kind"] == "safetensors" and f["network"] == "tiny" and f["types"] == ["F32"] and f["tensors"] > 2'
json alien.safetensors 'f["numbers"] == 6 and f["model"].startswith("none of winnow")'
json r.wnr 'f["kind"] == "reduction" and (f["from_dim"], f["dim"]) == (128, 4) and 0 < f["variance_kept"] <= 1 and f["model"].endswith("/t.wnm")'
json e.npy 'f["kind"] == "array" and f["rows"] == '"$images"' - f["bad"] if "bad" in f else f["dim"] == 128 and f["unit_length"] == "yes" and f["rows_not_finite"] == 0'
json gaps.npy '(f["shape"], f["type"], f["rows_not_finite"], f["least"], f["greatest"]) == ("3 x 2", "<f4", 1, -2.0, 4.0) and (f["shortest_row"], f["longest_row"], f["unit_length"]) == (2.0, 5.0, "no")'
json labels.npy '(f["rows"], f["least"], f["greatest"]) == (4, -1, 7)'
json half.npy 'f["type"] == "<f2" and f["unit_length"] == "yes"'
json planes.npy 'f["shape"] == "2 x 3 x 4"'
json rows.index '(f["kind"], f["rows"], f["dim"], f["metric"]) == ("index", 600, 8, "l2")'
json w 'f["kind"] == "workspace" and f["readable"] > 10 and any(m.startswith("t, 128") for m in f["models"]) and len(f["sources"]) == 1'
says w kind workspace

# A checkpoint of a training that was stopped.
"$W" add "$IMAGES" -w c --input-side 16 -q
"$W" train "$IMAGES" -w c --network tiny --steps 100000 --batch 8 --views 2 --name c -q 2>train.txt & train=$!
for _ in $(seq 300); do [ -e c/models/c.wnm.checkpoint ] && break; sleep 0.1; done
kill -INT $train
status=0; wait $train || status=$?
[ $status = 130 ] || cat train.txt
cp c/models/c.wnm.checkpoint c.checkpoint
json c.checkpoint 'f["kind"] == "checkpoint" and 0 < f["step"] < f["steps"] == 100000'

# Cut short, damaged, of another version, of another kind than the name says, and nothing at all.
for file in t.wnm r.wnr e.npy rows.index c.checkpoint t.safetensors alien.safetensors; do
    mkdir -p cut bent
    size=$(stat -c %s "$file")
    for bytes in 12 $((size - 1)); do
        head -c "$bytes" "$file" >"cut/$file"
        refuses 1 "cut/$file" "cut/$file"
    done
    cp "$file" "bent/$file"
    printf '\377\376\375' | dd of="bent/$file" bs=1 seek=$((size / 2)) conv=notrunc status=none
done
for file in t.wnm r.wnr rows.index c.checkpoint; do refuses 1 "bent/$file" "bent/$file"; done
python3 - <<'P'
for name, at, value in (("t.wnm", 8, 9), ("r.wnr", 8, 9), ("rows.index", 8, 9), ("c.checkpoint", 7, ord("1"))):
    data = bytearray(open(name, "rb").read())
    data[at] = value
    open("old." + name, "wb").write(data)
P
refuses 1 "format" old.t.wnm
refuses 1 "format 9" old.r.wnr
refuses 1 "format version 9" old.rows.index
refuses 1 "another version of winnow" old.c.checkpoint
: >empty.wnm
refuses 1 "an empty file" empty.wnm
for ending in wnm wnr npy index checkpoint safetensors onnx; do
    echo "this is some text, and no file of that kind" >"text.$ending"
    refuses 1 "text.$ending" "text.$ending"
done
cp t.wnm renamed.bin
says renamed.bin kind model
refuses 1 "no file that winnow reads" "$(find "$IMAGES" -name '*.jpg' | head -n 1)"
refuses 1 "pickled Python objects" objects.npy
refuses 1 "no workspace: it has no catalog.db" "$IMAGES"
refuses 1 "neither a file nor the name of a model" missing.wnm
refuses 1 "neither a file nor a folder" /dev/null

# The names of plug-ins: every one that is listed tells its settings, and a file of that name goes first.
for name in $("$W" info --json | python3 -c '
import json, sys
told = json.load(sys.stdin)
print(*told["strategies"], *told["projection_methods"])'); do
    "$W" info "$name" --json
done >settings.json
"$W" info umap >settings.txt
python3 - <<'P'
import json
text, at, told = open("settings.json").read(), 0, {}
while text[at:].strip():
    one, end = json.JSONDecoder().raw_decode(text[at:].lstrip())
    at = len(text) - len(text[at:].lstrip()) + end
    told[one["name"]] = one
assert len(told) > 25 and {"max-herding", "random", "tsne"} <= told.keys(), told.keys()
assert all(one["summary"] and all(row["help"] for row in one["settings"]) for one in told.values())
shown = open("settings.txt").read()
assert shown.startswith("umap: " + told["umap"]["summary"])
assert all("\n  " + row["name"] in shown for row in told["umap"]["settings"])
P
"$W" info max-herding | grep -q '^  kernel=rbf|laplace  .*\[rbf\]'
"$W" info vicreg >settings.txt
grep -q "^  covariance=W .*\[0.04\]$" settings.txt
grep -q "Needs neither negatives" settings.txt
"$W" info simsiam | grep -q "has no settings"
mkdir named
cp rows.npy named/tsne
(cd named && ! "$W" info tsne | grep -q '^Settings')
refuses 1 "neither a file nor the name of a model" no-such-strategy

# Settings with more choices than a line holds are listed, not cut off.
"$W" info combination >said.txt
grep -qE '^  of=NAME' said.txt && tr -s ' \n' ' ' <said.txt | grep -qF 'representative-clusters, highest-entropy-cluster, mean-rank' || cat said.txt
! grep -E '^ .{80}' said.txt
