# Maps as pictures: of a workspace by tag, label, metadata and cluster; of arrays; of odd arrays by every method.
cat >plots.py <<'PY'
import struct, sys, zlib
import xml.etree.ElementTree as tree

def colours(path):
    """The colours of a PNG file, each with how many pixels have it, and its size."""
    data = open(path, "rb").read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, pixels = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 2)
        pixels += body if kind == b"IDAT" else b""
        at += 12 + size
    raw, before, counts = zlib.decompress(pixels), bytearray(width * 3), {}
    for row in range(height):
        start = row * (width * 3 + 1)
        rule, line = raw[start], bytearray(raw[start + 1:start + 1 + width * 3])
        for i in range(width * 3):
            left, up, corner = line[i - 3] if i > 2 else 0, before[i], before[i - 3] if i > 2 else 0
            guess = left + up - corner
            near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
            line[i] = line[i] + (0, left, up, (left + up) // 2, near)[rule] & 255
        for i in range(0, width * 3, 3):
            key = bytes(line[i:i + 3]).hex()
            counts[key] = counts.get(key, 0) + 1
        before = line
    return counts, width, height

def texts(path):
    return [text.text for text in tree.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text")]

def images(path):
    return len(list(tree.parse(path).getroot().iter("{http://www.w3.org/2000/svg}image")))
PY
cp -r "$IMAGES" first
"$WINNOW" embed first -w w --quiet
"$WINNOW" map -w w --plot cluster.svg --plot-size 500 2>message
grep -q "plot *cluster.svg" message
"$WINNOW" import first -w w --name kinds --quiet
"$WINNOW" select -w w -n 9 --tag some --quiet >list
"$WINNOW" map -w w --plot label.svg --clusters 3 --quiet
"$WINNOW" map -w w --plot label.png --plot-size 500 --quiet
"$WINNOW" map -w w --plot tag.svg --colour-by tag:some --quiet
"$WINNOW" map -w w --plot sharp.svg --colour-by sharpness --thumbnails --quiet
"$WINNOW" map -w w --dims 3 --method tsne --method-options iterations=30 --plot deep.png --plot-size 400 --quiet
"$WINNOW" map -w w --dry-run --plot dry.png --quiet
[ ! -e dry.png ]
python3 - <<'PY'
import os
from plots import *
kinds = sorted(name for name in os.listdir("first") if os.path.isdir("first/" + name))
total = sum(len(files) for _, _, files in os.walk("first"))
said = texts("cluster.svg")
assert said[0].startswith("UMAP of ") and "trustworthiness 0." in said[1] and "cluster of the map" in said
assert images("cluster.svg") >= 1
said = texts("label.svg")
named = [kind for kind in kinds if kind in said]
assert "label (kinds)" in said and len(named) == min(10, len(kinds)), (said, kinds)
assert ("%d others" % (len(kinds) - 10) in said) == (len(kinds) > 10)
assert 1 <= images("label.svg") <= 3
said = texts("tag.svg")
assert said[said.index("some") + 1] == "9" and "without it" in said
said = texts("sharp.svg")
assert "sharpness" in said and images("sharp.svg") > 10, images("sharp.svg")
counts, width, height = colours("label.png")
assert width == 500 and counts["ffffff"] > width * height / 2 and counts.get("1467c7", 0) > 10
assert colours("deep.png")[1] == 400
PY
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q -- "$words" message || { cat message >&2; return 1; }
}
fails 2 ".png or .svg" "$WINNOW" map -w w --plot x.jpg
fails 2 "--plot FILE" "$WINNOW" map -w w --colour-by label
fails 1 "tag" "$WINNOW" map -w w --plot x.png --colour-by tag:nothing
fails 1 "lightly.sharpness" "$WINNOW" map -w w --plot x.png --colour-by lightly.sharpnes
fails 2 "plot-size" "$WINNOW" map -w w --plot x.png --plot-size 9000

# Odd arrays: few rows, rows all alike, two heaps far apart, rows on a line; every method, two and three dimensions.
python3 - <<'PY'
import math, struct
def write(path, rows, kind="<f4", letter="f"):
    shape = "(%d, %d)" % (len(rows), len(rows[0])) if isinstance(rows[0], list) else "(%d,)" % len(rows)
    head = ("{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape)).ljust(117) + "\n"
    flat = [value for row in rows for value in row] if isinstance(rows[0], list) else rows
    open(path, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() +
                           struct.pack("<%d%s" % (len(flat), letter), *flat))
noise = lambda i, c: math.sin(12.9898 * i + 78.233 * c) * 43758.5453 % 1
for n in (1, 2, 3):
    write("rows%d.npy" % n, [[noise(i, c) for c in range(5)] for i in range(n)])
write("alike.npy", [[1.0, 2, 3, 4, 5] for i in range(60)])
write("apart.npy", [[noise(i, c) + 1e4 * (i % 2) for c in range(5)] for i in range(120)])
write("line.npy", [[(c + 1) * noise(i, 0) for c in range(5)] for i in range(80)])
write("v.npy", [math.exp(9 * noise(i, 7)) if i % 5 else math.nan for i in range(120)])
write("l.npy", [i % 3 - 1 for i in range(120)], "<i8", "q")
PY
for rows in rows1 rows2 rows3 alike apart line; do
    for method in pca umap tsne pacmap; do
        for dims in 2 3; do
            "$WINNOW" map --embeddings $rows.npy --method $method --dims $dims --out y.$rows.$method.$dims.npy --json -q \
                --plot $rows.$method.$dims.svg --clusters 2 >figures.json
            grep -q '"rows"' figures.json
        done
    done
done
python3 - <<'PY'
import struct
from plots import *
for rows, count in (("rows1", 1), ("rows2", 2), ("rows3", 3), ("alike", 60), ("apart", 120), ("line", 80)):
    for method in ("pca", "umap", "tsne", "pacmap"):
        for dims in (2, 3):
            name = "%s.%s.%d" % (rows, method, dims)
            data = open("y." + name + ".npy", "rb").read()
            start = 10 + struct.unpack("<H", data[8:10])[0]
            flat = struct.unpack("<%df" % (count * dims), data[start:])
            assert all(abs(value) < 1e9 for value in flat), name  # and no NaN
            said = texts(name + ".svg")
            assert " of %d rows" % count in said[0] and "no points to draw" not in said, said
            if rows == "apart" and method != "pca":  # heaps stay heaps
                points = [flat[i * dims:i * dims + dims] for i in range(count)]
                for i, point in enumerate(points):
                    far = lambda j: sum((a - b) ** 2 for a, b in zip(point, points[j]))
                    assert min((far(j), j) for j in range(count) if j != i)[1] % 2 == i % 2, (name, i)
PY
"$WINNOW" map --embeddings apart.npy --method pca --labels l.npy --plot l.svg -q
"$WINNOW" map --embeddings apart.npy --method pca --colour-by v.npy --plot v.svg --point-size 4 -q
python3 - <<'PY'
from plots import *
said = texts("l.svg")
assert [said[said.index(word) + 1] for word in ("0", "1", "no label")] == ["40", "40", "40"], said
said = texts("v.svg")
assert "v.npy" in said and "10" in said and said[said.index("none") + 1] == "24", said
PY
fails 2 "workspaces" "$WINNOW" map --embeddings apart.npy --plot x.png --thumbnails
fails 2 "--labels" "$WINNOW" map --embeddings apart.npy --plot x.png --colour-by label
fails 2 "V.npy" "$WINNOW" map --embeddings apart.npy --plot x.png --colour-by tag:some
fails 1 "120 values" "$WINNOW" map --embeddings line.npy --plot x.png --colour-by v.npy
[ ! -e x.png ]
