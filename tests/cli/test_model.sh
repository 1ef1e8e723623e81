# Models to files of other kinds and back.
cat >rows.py <<'P'
import struct
def load(name):
    data = open(name, "rb").read()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return struct.unpack("<%df" % ((len(data) - start) // 4), data[start:])
P
"$WINNOW" model export default --out d.safetensors --json -q >export.json
"$WINNOW" model export default --format safetensors --out d.bin -q
cmp d.safetensors d.bin
"$WINNOW" embed "$IMAGES" --out a.npy --out-paths p.txt -q
"$WINNOW" embed "$IMAGES" --model d.safetensors --out b.npy --out-paths p.txt -q
cmp a.npy b.npy
"$WINNOW" add "$IMAGES" -w w -q
"$WINNOW" embed -w w --model d.safetensors -q
"$WINNOW" select -w w --model d -n 5 -q >picks.txt
[ "$(wc -l <picks.txt)" = 5 ]
# The same model as another file, and as one of that name elsewhere.
mkdir other
cp d.safetensors e.safetensors
cp d.safetensors other/
"$WINNOW" embed -w w --model e.safetensors -q
"$WINNOW" embed -w w --model other/d.safetensors -q
"$WINNOW" select -w w --model e -n 5 -q | cmp - picks.txt
"$WINNOW" model export d.safetensors -q
[ -s d.onnx ]
[ "$(cat d.onnx.json)" = '{"preprocess": "unit", "cut": 1.5}' ]
"$WINNOW" info d.onnx >info.txt
grep -q "^preprocessing  unit, NCHW, 112 x 112, the longer axis cut by 1.5 at most$" info.txt
# Where there is a runtime: the same vectors of pictures of every shape, and others without the settings.
if grep -q "^dimensions" info.txt; then
    "$WINNOW" embed "$IMAGES" --model d.onnx --out o.npy --out-paths p.txt -q
    sed -i 's/, "cut": 1.5//' d.onnx.json
    "$WINNOW" embed "$IMAGES" --model d.onnx --out s.npy --out-paths p.txt -q
    python3 - <<'P'
from rows import load
own, cut, squeezed = load("a.npy"), load("o.npy"), load("s.npy")
far = lambda x, y: max(abs(a - b) for a, b in zip(x, y))
assert len(own) == len(cut) and far(own, cut) < 1e-3 < 0.02 < far(own, squeezed), (far(own, cut), far(own, squeezed))
P
fi
printf '{"cut": 0.5}' >d.onnx.json
status=0; "$WINNOW" info d.onnx 2>message || status=$?
[ $status = 1 ] && grep -q "cut" message
python3 - <<'P'
import json, struct
facts = json.load(open("export.json"))
assert (facts["format"], facts["file"], facts["dim"]) == ("safetensors", "d.safetensors", 128), facts
data = open("d.safetensors", "rb").read()
(size,) = struct.unpack("<Q", data[:8])
header = json.loads(data[8:8 + size])
assert header.pop("__metadata__")["architecture"] == "mobile" and size % 8 == 0
end = 0
for name, tensor in header.items():
    count = 1
    for d in tensor["shape"]:
        count *= d
    assert tensor["data_offsets"] == [end, end + 4 * count], name
    end += 4 * count
assert end == len(data) - 8 - size
open("cut.safetensors", "wb").write(data[:-100])
open("head.safetensors", "wb").write(data[:1000])
open("length.safetensors", "wb").write(b"\xff" * 8 + data[8:])
open("alien.safetensors", "wb").write(struct.pack("<Q", 8) + b"{}      ")
P
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q -- "$words" message || { echo "$got"; cat message >&2; return 1; }
}
for file in cut head length alien; do
    fails 1 "$file.safetensors" "$WINNOW" embed "$IMAGES" --model $file.safetensors --out x.npy
    [ ! -e x.npy ]
done
fails 1 "no model of winnow" "$WINNOW" embed "$IMAGES" --model alien.safetensors --out x.npy
fails 2 "neither with .onnx nor with .safetensors" "$WINNOW" model export default --out d.txt
fails 1 "missing.wnm" "$WINNOW" model export missing.wnm
# Whatever is wrong in the settings, their file is named.
for settings in '{"preprocess": "clop"}' '{"mean": "0.5,0.5"}' '{"mean": [0.5, 0.5]}' '{"deviation": "a,b,c"}' \
    '{"deviation": [1, 0, 1]}' '{"order": "grb"}' '{"blur": 1}'; do
    echo "$settings" >d.onnx.json
    fails 1 "^winnow: d.onnx.json: " "$WINNOW" info d.onnx
    fails 1 "^winnow: d.onnx.json: " "$WINNOW" embed "$IMAGES" --model d.onnx --out x.npy
done
# A model of a workspace by its name; the only workspace here need not be named.
mkdir here
head -n 8 p.txt >few.txt
"$WINNOW" train few.txt -w here/h.winnow --network tiny --side 16 --batch 4 --steps 1 --name own --out own.wnm -q
"$WINNOW" model export own.wnm --out file.safetensors -q
"$WINNOW" model export own -w here/h.winnow --out name.safetensors -q
cmp file.safetensors name.safetensors
(cd here && "$WINNOW" model export own -q && [ -s own.onnx ])
fails 1 "'nobody' is neither a model of the workspace" "$WINNOW" model export nobody -w here/h.winnow
fails 1 "-w DIR names the workspace" "$WINNOW" model export own --out x.onnx
[ ! -e x.onnx ]
# A reduction with the network behind it.
for white in "" --whiten; do
    "$WINNOW" embed "$IMAGES" --dim 12 $white --out a.npy --out-model r.wnr -q
    "$WINNOW" embed "$IMAGES" --model r.wnr --out own.npy --out-paths p.txt -q
    "$WINNOW" model export r.wnr --json -q >export.json
    grep -q '"dim": 12' export.json
    [ "$(cat r.onnx.json)" = '{"preprocess": "unit", "cut": 1.5}' ]
    "$WINNOW" info r.onnx >info.txt
    grep -q "^dimensions" info.txt || continue # no runtime here
    "$WINNOW" embed "$IMAGES" --model r.onnx --out onnx.npy --out-paths p.txt -q
    python3 - <<'P'
from rows import load
own, onnx = load("own.npy"), load("onnx.npy")
far = max(abs(a - b) for a, b in zip(own, onnx))
assert len(own) == len(onnx) and far < 1e-3, far
P
done
fails 1 "write it as ONNX (--out FILE.onnx)" "$WINNOW" model export r.wnr --out r.safetensors
"$WINNOW" embed --embeddings own.npy --dim 2 --out x.npy --out-model array.wnr -q
fails 1 "makes one of a model" "$WINNOW" model export array.wnr
[ ! -e r.safetensors ] && [ ! -e array.onnx ]
