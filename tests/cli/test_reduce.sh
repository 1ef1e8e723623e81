# Fewer dimensions: axes are fitted once and kept, new images are turned by them; the same on arrays and by any threads.
W="$WINNOW"
find "$IMAGES" -name '*.jpg' | sort >all.txt
head -n 60 all.txt >some.txt
refuses() { # STATUS TEXT ARGS...: fails with that status and says that
    local status=0 expected=$1 text=$2; shift 2
    "$W" "$@" >refused.txt 2>&1 || status=$?
    [ "$status" = "$expected" ] && grep -qF -- "$text" refused.txt || { cat refused.txt; echo "$*: $status"; }
}

# A workspace: the second call adds images and leaves the axes alone.
"$W" add some.txt -w w --input-side 32 --quiet
refuses 1 "run 'winnow embed --model default --dim 16'" search --sample 0 -w w --dim 16
"$W" embed -w w --dim 16 -j 3 --json --quiet >first.json
cp w/models/default-pca16.wnr axes.wnr
"$W" embed -w w --dim 16 --out before.npy --quiet
"$W" embed all.txt -w w --dim 16 --quiet --json >second.json
cmp axes.wnr w/models/default-pca16.wnr
"$W" embed some.txt -w w --model default-pca16 --out after.npy --quiet
cmp before.npy after.npy
"$W" embed all.txt -w w --quiet --json >third.json # the newest model is the reduced one
"$W" add some.txt -w one --input-side 32 --quiet
"$W" embed -w one --dim 16 -j 1 --quiet
cmp axes.wnr one/models/default-pca16.wnr
# From a reduction --dim goes back to the model behind it.
"$W" embed -w one --dim 8 --whiten --quiet
[ -e one/models/default-pca8w.wnr ]

# Files to arrays, with a model for more of them: the same rows as by the workspace.
"$W" embed some.txt --model default --dim 16 --out direct.npy --out-model direct.wnr --quiet
"$W" embed some.txt --model direct.wnr --out again.npy --quiet
cmp direct.npy again.npy
"$W" embed some.txt --out full.npy --quiet
"$W" embed --embeddings full.npy --model direct.wnr --out turned.npy --quiet
cmp direct.npy turned.npy

# Arrays of any kind.
"$W" embed --embeddings full.npy --dim 6 --out plain.npy --out-model plain.wnr --json --quiet >plain.json
"$W" embed --embeddings full.npy --dim 6 -j 1 --out plain1.npy --quiet
cmp plain.npy plain1.npy
"$W" embed --embeddings full.npy --dim 6 --whiten --out white.npy --quiet
"$W" embed --embeddings full.npy --model plain.wnr --out plain2.npy --quiet
cmp plain.npy plain2.npy
python3 - <<'P'
import ast, json, struct
def load(path):
    data = open(path, "rb").read()
    size = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    rows, cols = header["shape"]
    values = struct.unpack("<%df" % (rows * cols), data[10 + size:])
    return [values[i * cols:(i + 1) * cols] for i in range(rows)]
def variances(rows):
    mean = [sum(c) / len(rows) for c in zip(*rows)]
    assert len(mean) == len(rows[0])
    return [sum((x - m) ** 2 for x in c) / (len(rows) - 1) for c, m in zip(zip(*rows), mean)]
full, plain, white = load("full.npy"), load("plain.npy"), load("white.npy")
kept = sum(variances(plain)) / sum(variances(full))
result = json.load(open("plain.json"))
assert abs(kept - result["variance_kept"]) < 1e-4 and 0.2 < kept < 1, (kept, result)
assert (result["rows"], result["from"], result["dim"], result["rank"]) == (60, 128, 6, 6)
falling = variances(plain)
assert falling == sorted(falling, reverse=True)
for i in range(6):
    for j in range(i):
        assert abs(sum(r[i] * r[j] for r in plain)) < 1e-3 * falling[0] * 60, (i, j)
assert all(abs(v - 1) < 1e-3 for v in variances(white)), variances(white)
assert all(abs(sum(x * x for x in row) - 1) < 1e-4 for row in load("direct.npy"))
first, second, third = (json.load(open(n)) for n in ("first.json", "second.json", "third.json"))
assert first["model"] == second["model"] == third["model"] == "default-pca16" and first["dim"] == 16
assert first["rows"] == 60 and second["rows"] > 60 and second["new"] == second["rows"] - 60 and third["new"] == 0
assert 0.3 < first["variance_kept"] == second["variance_kept"] <= 1
P

# The commands that use embeddings.
"$W" neighbours -w w --dim 16 -k 3 --quiet
"$W" map -w w --dim 16 --method pca --quiet
"$W" select -w w --dim 12 -n 5 --json --quiet | grep -o '"model": "default-pca12"'
"$W" search -w w --dim 16 --image "$(head -n 1 all.txt)" -n 1 | grep -c "$(head -n 1 all.txt)"
"$W" check outlier -w w --dim 16 --json --quiet | grep -o '"model": "default-pca16"'
"$W" curate some.txt -w c -n 5 --dim 10 --input-side 32 --json --quiet | grep -oE '"(model|dim)": [^,]*'

# What cannot be.
refuses 1 "--dim takes 1 to 128, not 129" embed -w w --model default --dim 129
refuses 2 "--whiten goes with --dim" embed -w w --whiten
refuses 2 "winnow embed --embeddings E.npy" select --embeddings full.npy -n 3 --dim 4 --out x.npy
refuses 2 "either --dim D or --model" embed --embeddings full.npy --out x.npy
refuses 1 "rows of 6" embed --embeddings plain.npy --model plain.wnr --out x.npy
refuses 1 "fitted to an array" embed some.txt --model plain.wnr --out x.npy
refuses 2 "goes with --dim" embed some.txt --out x.npy --out-model y.wnr
head -c 500 plain.wnr >short.wnr
refuses 1 "short.wnr: 500 bytes" embed --embeddings full.npy --model short.wnr --out x.npy
python3 - <<'P'
data = bytearray(open("full.npy", "rb").read())
at = len(data) - 128 * 4 * 3 # the third row from the end
data[at:at + 4] = b"\x00\x00\xc0\x7f"
open("nan.npy", "wb").write(data)
data = bytearray(open("plain.wnr", "rb").read())
data[2000] ^= 1
open("damaged.wnr", "wb").write(data)
P
refuses 1 "row 57" embed --embeddings nan.npy --dim 4 --out x.npy
refuses 1 "damaged.wnr: damaged" embed --embeddings full.npy --model damaged.wnr --out x.npy
[ ! -e x.npy ]
# The model behind a reduction is another one now: said, and mended by --dim.
"$W" add some.txt -w t --input-side 16 --quiet
"$W" train -w t --network tiny --batch 8 --views 2 --steps 2 --quiet --name mine
"$W" embed -w t --dim 5 --quiet
"$W" train -w t --network tiny --batch 8 --views 2 --steps 3 --quiet --name other --out other.wnm
cp other.wnm t/models/mine.wnm
refuses 1 "not the one that it was fitted to" embed -w t --model mine-pca5
cp -r t u
"$W" embed -w u --model mine-pca5 --dim 5 --quiet
"$W" search -w u --model mine-pca5 --image "$(head -n 1 some.txt)" -n 3 >found.txt
"$W" embed -w t --model mine --dim 5 --quiet
"$W" search -w t --model mine-pca5 --image "$(head -n 1 some.txt)" -n 3 | cmp - found.txt
"$W" search -w t --image "$(head -n 1 some.txt)" -n 1 | grep -c "$(head -n 1 some.txt)"
