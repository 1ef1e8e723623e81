# Masks from files: what is found, in folders and in a workspace, and what becomes of files that make no sense.
cat >files.py <<'PY'
import csv, json, os, struct, sys, zlib

W, H, CLASSES = 16, 12, 3

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

def png(path, values, kind, bits, width=W, height=H):
    """kind 0 = grey, 2 = colours, 3 = palette; values of pixels, row by row."""
    row = {2: lambda v: bytes(v) * 3, 3: bytes}.get(kind) or (bytes if bits == 8 else lambda v: struct.pack(">%dH" % len(v), *v))
    if kind == 2:
        row = lambda v: b"".join(bytes([x * 80, 255 - x * 80, i * 9 % 256]) for i, x in enumerate(v))
    data = b"".join(b"\0" + row(values[y * width:(y + 1) * width]) for y in range(height))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)))
        if kind == 3:
            file.write(chunk(b"PLTE", bytes(range(256)) * 3))
        file.write(chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))

def npy(path, values, shape, code="<f4"):
    head = ("{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (code, shape)).ljust(117) + "\n"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        file.write(struct.pack("<%d%s" % (len(values), {"<f4": "f", "<f8": "d", "<i8": "q"}[code]), *values))

def truth(i):
    return [(x // 4 + i) % CLASSES for y in range(H) for x in range(W)]

def given(i):
    """Image 2: a block of 4 x 3 pixels at 4, 5 has the next class; image 3: the last pixel has none."""
    values = truth(i)
    for y in range(5, 8) if i == 2 else ():
        for x in range(4, 8):
            values[y * W + x] = (values[y * W + x] + 1) % CLASSES
    if i == 3:
        values[-1] = 255
    return values

def softmax(i, last):
    values = truth(i)
    plane = lambda k: [0.9 if v == k else 0.05 for v in values]
    if last:
        return [p for v in values for p in (0.9 if v == k else 0.05 for k in range(CLASSES))]
    return plane(0) + plane(1) + plane(2)

def write():
    for i in range(6):
        png("images/p%d.png" % i, truth(i + 1), 2, 8)
        png("masks/p%d.png" % i, given(i), 3 if i % 2 else 0, 16 if i == 4 else 8)
        last = i % 2 == 0
        npy("soft/p%d.npy" % i, softmax(i, last), (H, W, CLASSES) if last else (CLASSES, H, W), "<f8" if i == 5 else "<f4")
        png("hard/p%d.png" % i, truth(i), 3, 8)
    # what makes no sense
    png("odd/masks/beyond.png", [7] * (W * H), 0, 8)
    npy("odd/soft/beyond.npy", softmax(0, False), (CLASSES, H, W))
    png("odd/masks/size.png", [0] * 20, 0, 8, 5, 4)
    npy("odd/soft/size.npy", softmax(0, False), (CLASSES, H, W))
    png("odd/masks/lonely.png", given(0), 0, 8)
    npy("odd/soft/stranger.npy", softmax(0, False), (CLASSES, H, W))
    png("odd/masks/colours.png", given(0), 2, 8)
    npy("odd/soft/colours.npy", softmax(0, False), (CLASSES, H, W))
    png("odd/masks/cut.png", given(0), 0, 8)
    whole = open("odd/masks/cut.png", "rb").read()
    open("odd/masks/cut.png", "wb").write(whole[:len(whole) - 30])
    npy("odd/soft/cut.npy", softmax(0, False), (CLASSES, H, W))
    png("odd/masks/logits.png", given(0), 0, 8)
    npy("odd/soft/logits.npy", [4 * x - 2 for x in softmax(0, False)], (CLASSES, H, W))
    png("odd/masks/good.png", given(0), 0, 8)
    npy("odd/soft/good.npy", truth(0), (H, W), "<i8")

def rows(path):
    return list(csv.DictReader(open(path)))

def check_lists(folder, names):
    issues = rows(folder + "/mask_issues.csv")
    assert len(issues) == 1, issues
    one = issues[0]
    assert one["path"].endswith("p2.png") and (one["label"], one["suggested"]) == (names[1], names[0]), one
    assert [one[k] for k in ("pixels", "x", "y", "width", "height")] == ["12", "4", "5", "4", "3"], one
    health = {r["class"]: r for r in rows(folder + "/mask_health.csv")}
    assert sum(int(r["pixels"]) for r in health.values()) == 6 * W * H - 1 and health[names[1]]["issues"] == "12", health
    assert rows(folder + "/mask_problems.csv") == []

if sys.argv[1] == "write":
    write()
elif sys.argv[1] == "folders":
    figures = json.load(open("found.json"))
    expected = {"images": 6, "classes": 3, "issues": 12, "image_issues": 1, "estimated_errors": 12, "problems": 0}
    assert {k: figures[k] for k in expected} == expected, figures
    check_lists("found", "012")
    scores = {r["path"]: r for r in rows("found/masks.csv")}
    # soft minimum of 12 pixels of 0.05 and 180 of 0.9
    import math
    far = 180 * math.exp(-8.5)
    assert abs(float(scores["p2.png"]["score"]) - (12 * 0.05 + far * 0.9) / (12 + far)) < 1e-5, scores
    assert abs(float(scores["p0.png"]["score"]) - 0.9) < 1e-5 and scores["p2.png"]["is_mask_issue"] == "True"
    assert sorted(os.listdir("pixels")) == ["p2.png"] and sorted(os.listdir("mended")) == ["p%d.png" % i for i in range(6)]
elif sys.argv[1] == "workspace":
    figures = json.load(open(sys.argv[2]))
    assert figures["mask_issue_pixels"] == 12 and figures["mask_problems"] == int(sys.argv[3]), figures
    assert [c["issues"] for c in figures["checks"]] == [1], figures
    check_lists(figures["run"], sys.argv[4].split(","))
    issues = {os.path.basename(r["path"]): r for r in rows(figures["run"] + "/issues.csv")}
    drawn = [os.path.join(d, f) for d, _, names in os.walk(figures["run"] + "/mask_issues") for f in names]
    assert [os.path.basename(f) for f in drawn] == ["p2.png"], drawn
    assert open(drawn[0], "rb").read() == open("pixels/p2.png", "rb").read()
    assert issues["p2.png"]["is_masks_issue"] == "True" and issues["p1.png"]["is_masks_issue"] == "False", issues
else:
    reasons = {r["path"]: r["reason"] for r in rows("odd.found/mask_problems.csv")}
    expected = {"beyond.png": "the value 7 is none of 3 classes", "size.png": "size.npy", "lonely.png": "no prediction",
                "stranger.npy": "no mask of that name", "colours.png": "a picture of colours",
                "cut.png": "cut.png: ", "logits.png": "1.6 is no probability"}
    assert set(reasons) == set(expected), reasons
    for name, words in expected.items():
        assert words in reasons[name], (name, reasons[name])
    assert [r["path"] for r in rows("odd.found/masks.csv")] == ["good.png"]
PY
python3 files.py write
"$WINNOW" check labels --labels masks --probabilities soft --out found --out-issues pixels --out-suggested mended --json -q >found.json
python3 files.py folders
"$WINNOW" check labels --labels masks --probabilities hard --out hard.found --json -q >hard.json
grep -q '"issues": 12' hard.json
# mended masks have no issue any more; --ignore takes a class out
"$WINNOW" check labels --labels mended --probabilities soft --json -q >mended.json
grep -q '"issues": 0' mended.json
"$WINNOW" check labels --labels masks --probabilities soft --ignore 255,1 --out ignored -q
! grep '^1,' ignored/mask_health.csv
# a mended mask keeps what takes no part: values that are ignored, pixels without a prediction
"$WINNOW" check labels --labels masks --probabilities soft --ignore 0,1,2,255 --out-suggested whole -q
"$WINNOW" check labels --labels whole --probabilities masks --out same --json -q >same.json
grep -q '"issues": 0' same.json
[ "$(awk -F, 'NR > 1 { n += $2 } END { print n }' same/mask_health.csv)" = $((6 * 16 * 12 - 1)) ]
"$WINNOW" check labels --labels odd/masks --probabilities odd/soft --out odd.found -q
python3 files.py odd

# the same in a workspace: predictions of a folder, and imported ones
printf 'road\nsky\ntree\n' >names.txt
"$WINNOW" add images -w a.winnow -q
"$WINNOW" import masks -w a.winnow --names names.txt --json -q >masks.json
grep -q '"format": "png-masks"' masks.json && grep -q '"task": "semantic-segmentation"' masks.json
"$WINNOW" check masks -w a.winnow --probabilities soft --json -q >soft.json
python3 files.py workspace soft.json 0 road,sky,tree
# a prediction that no image has is named
mkdir soft/deep && cp soft/p0.npy soft/deep/lonely.npy
"$WINNOW" check masks -w a.winnow --probabilities soft --json -q >lonely.json
rm -r soft/deep
grep -q '"mask_problems": 1' lonely.json
grep -q '^deep/lonely.npy,"no image of the workspace' "$(python3 -c 'import json; print(json.load(open("lonely.json"))["run"])')/mask_problems.csv"
"$WINNOW" import hard -w a.winnow --as predictions -q
"$WINNOW" check masks -w a.winnow --json -q >both.json
python3 files.py workspace both.json 0 road,sky,tree
# a mask of another size, one of an unknown image, and a value beyond the classes are listed; the rest is imported
cp -r masks more && cp odd/masks/size.png more/p0.png && cp odd/masks/lonely.png more/ && cp odd/masks/beyond.png more/p1.png
cp odd/masks/cut.png more/p3.png
"$WINNOW" import more -w a.winnow --names names.txt --name more --json -q >more.json
python3 - <<'PY'
import json
figures = json.load(open("more.json"))
one = figures["sets"][0]
assert (one["images"], one["matched"], one["unmatched"]) == (5, 4, 1) and one["problems"] == 4, one
text = open(figures["problems"]).read()
for words in ("5 x 4 image, the image is 16 x 12; left out", "lonely: no image", "the value 7 is none of 3 classes", "p3.png"):
    assert words in text, text
PY
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q -- "$words" message || { cat message >&2; return 1; }
}
fails 1 "holds no files" "$WINNOW" import odd/soft -w a.winnow --format png-masks
fails 1 "no list of values" "$WINNOW" import masks -w a.winnow --ignore 255,x
fails 1 "no mask of" "$WINNOW" check labels --labels odd/masks --probabilities hard
fails 1 "more than --memory-limit" "$WINNOW" check labels --labels masks --probabilities soft --memory-limit 1MB
"$WINNOW" check labels --labels masks --probabilities soft --memory-limit 500MB -q
fails 1 "cannot list" "$WINNOW" check labels --labels masks --probabilities nothing
# pictures never go among the files that are read
cp -r masks kept && ln -s kept link
for option in --out-issues --out-suggested; do
    for folder in kept kept/new/mended link soft/; do
        fails 1 "$option '$folder' lies in" "$WINNOW" check labels --labels kept --probabilities soft $option $folder
    done
done
fails 2 "would write to the same file" "$WINNOW" check labels --labels kept --probabilities soft --out-issues new --out-suggested ./new
cmp kept/p2.png masks/p2.png
[ ! -e new ] && [ ! -e kept/new ]
# nor by a way through a folder that is made on the way
for folder in new/../kept new/deep/../../link/more new/../new2/../kept; do
    fails 1 "lies in" "$WINNOW" check labels --labels kept --probabilities soft --out-issues $folder
done
diff -r kept masks && [ ! -e new ]
# one prediction for two masks of its name: it is that of the mask at its path, and of none where it lies elsewhere
mkdir -p split.masks/a split.masks/b split.soft/b
cp masks/p0.png split.masks/a/p2.png && cp masks/p2.png split.masks/b/ && cp soft/p2.npy split.soft/b/
cp masks/p1.png split.masks/ && cp soft/p1.npy split.soft/b/ && cp hard/p1.png split.soft/b/
"$WINNOW" check labels --labels split.masks --probabilities split.soft --out split -q
[ "$(cut -d, -f1 split/masks.csv | tr '\n' ' ')" = "path b/p2.png p1.png " ]
grep -q '^a/p2.png,"several masks have the name' split/mask_problems.csv
grep -q '^b/p1.png,there is an .npy file of that name' split/mask_problems.csv
# a value that no mask is judged by is left out at the import, not a failure of the check
python3 - <<'PY'
import sys
sys.argv = ["files.py", "none"]
source = open("files.py").read()
exec(source[:source.index("if sys.argv[1]")])
for i in range(6):
    png("wide/p%d.png" % i, [65535] * (W * H) if i == 5 else truth(i), 0, 16)
PY
"$WINNOW" import wide -w a.winnow --json -q >wide.json
grep -q "the value 65535 is none of 65534 classes" "$(python3 -c 'import json; print(json.load(open("wide.json"))["problems"])')"
"$WINNOW" check masks -w a.winnow --probabilities hard --json -q >wide.found
# a first file that is damaged, or a link to itself, is named; everything else is still done
for damage in cut text empty link; do
    cp -r masks "first.$damage"
    case $damage in
    cut) head -c 40 masks/p0.png >first.cut/p0.png ;;
    text) echo "no picture" >first.text/p0.png ;;
    empty) : >first.empty/p0.png ;;
    link) ln -sf p0.png first.link/p0.png ;;
    esac
    "$WINNOW" import "first.$damage" -w a.winnow --json -q >first.json
    grep -q '"format": "png-masks"' first.json && grep -q '"problems": 1' first.json && grep -q '"images": 5' first.json
    grep -q "p0.png" "$(python3 -c 'import json; print(json.load(open("first.json"))["problems"])')"
    "$WINNOW" check labels --labels "first.$damage" --probabilities soft --out "found.$damage" -q
    grep -q "^p0.png,.*p0.png" "found.$damage/mask_problems.csv" && [ "$(wc -l <"found.$damage/masks.csv")" = 6 ]
done
grep -q "symbolic links" found.link/mask_problems.csv
mkdir none && echo "no picture" >none/p0.png
fails 1 "none of 1 files can be read: none/p0.png" "$WINNOW" import none -w a.winnow
# a link to a folder above is not followed round and round
cp -r masks round && ln -s . round/again && ln -s ../round round/twice
"$WINNOW" check labels --labels round --probabilities soft --json 2>message >round.json
grep -q '"images": 6' round.json && grep -q "again: a link to a folder above it; left out" message
# arrays of a number of planes that no mask has: named, with a remedy, also where they come first
python3 - <<'PY'
import shutil, sys
sys.argv = ["files.py", "none"]
source = open("files.py").read()
exec(source[:source.index("if sys.argv[1]")])
for name, planes in ("one", 1), ("many", 65535):
    shutil.copytree("soft", name)
    npy(name + "/p0.npy", [0.5] * (W * H * planes), (planes, H, W))
    shutil.copytree("soft", "all." + name)
    for i in range(6): shutil.copy(name + "/p0.npy", "all.%s/p%d.npy" % (name, i))
PY
"$WINNOW" import masks -w a.winnow -q
for name in one many; do
    case $name in one) words="probabilities of 1 class, where masks have 2 to 65534; write a plane for the background" ;;
    many) words="probabilities of 65535 classes, where masks have 2 to 65534; leave out planes" ;; esac
    "$WINNOW" check labels --labels masks --probabilities $name --out planes --json -q >planes.json
    grep -q "^p0.png,.*$name/p0.npy: $words" planes/mask_problems.csv
    grep -q '"issues": 12' planes.json && grep -q '"images": 5' planes.json
    "$WINNOW" check masks -w a.winnow --probabilities $name --json -q >planes.json
    grep -q '"mask_problems": 1' planes.json && grep -q '"mask_issue_pixels": 12' planes.json
    fails 1 "$name/p0.npy: $words" "$WINNOW" check labels --labels masks --probabilities all.$name
    fails 1 "$name/p0.npy: $words" "$WINNOW" check masks -w a.winnow --probabilities all.$name
done
# images of one name and two suffixes: each has its own picture
python3 - <<'PY'
import sys
sys.argv = ["files.py", "none"]
source = open("files.py").read()
exec(source[:source.index("if sys.argv[1]")])
for i, (image, mask) in enumerate((("a.jpg", "a.jpg"), ("a.bmp", "a.bmp"), ("b.jpg", "b"))):
    png("pair/" + image, truth(i + 1), 2, 8)
    png("pair.masks/%s.png" % mask, [(v + (p // W == 5 and p % W < 4 + i)) % CLASSES for p, v in enumerate(truth(0))], 0, 8)
    png("pair.hard/%s.png" % mask, truth(0), 0, 8)
PY
"$WINNOW" add pair -w p.winnow -q
"$WINNOW" import pair.masks -w p.winnow -q
"$WINNOW" import pair.hard -w p.winnow --as predictions -q
"$WINNOW" check masks -w p.winnow --json -q >pair.json
run=$(python3 -c 'import json; print(json.load(open("pair.json"))["run"])')
drawn="$run/mask_issues$(realpath pair)"
diff <(cd "$drawn" && ls) <(printf '%s\n' a.bmp.png a.jpg.png b.png)
cmp -s "$drawn/a.bmp.png" "$drawn/a.jpg.png" && echo "one mask for two images"
# masks a.png and a.PNG in folders
mkdir capitals && cp masks/p2.png capitals/p2.png && cp masks/p2.png capitals/p2.PNG && cp masks/p0.png capitals/p0.png
"$WINNOW" check labels --labels capitals --probabilities soft --out-issues capitals.pixels --out-suggested capitals.mended -q
diff <(cd capitals.mended && ls | sort) <(printf '%s\n' p0.png p2.PNG.png p2.png.png | sort)
diff <(cd capitals.pixels && ls | sort) <(printf '%s\n' p2.PNG.png p2.png.png | sort)
