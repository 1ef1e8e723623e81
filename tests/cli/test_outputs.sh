# An output that is an input of the same call is refused, and the input stays as it was.
refuses() { # TEXT ARGS...
    local status=0 text=$1; shift
    "$WINNOW" "$@" >out.txt 2>err.txt || status=$?
    [ $status = 2 ] && grep -qF -- "$text" err.txt || { echo "winnow $*: status $status"; cat err.txt; }
    (sha256sum --quiet -c sums) || echo "winnow $*: an input changed"
}
python3 - <<'P'
import struct
def save(name, kind, shape, data):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (kind, shape)
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    open(name, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)
rows = [[(i * 7 + j * 3) % 11 + 1 for j in range(4)] for i in range(12)]
save("e.npy", "<f4", (12, 4), struct.pack("<48f", *sum(rows, [])))
save("p.npy", "<f4", (12, 4), struct.pack("<48f", *[v / sum(r) for r in rows for v in r]))
save("l.npy", "<i8", (12,), struct.pack("<12q", *[i % 4 for i in range(12)]))
P
ln -s e.npy link.npy
ln l.npy hard.npy
sha256sum e.npy p.npy l.npy >sums
refuses "--out - does not mean standard output" select --embeddings e.npy -n 3 --out -
refuses "--out - does not mean standard output" embed "$IMAGES" -o -
refuses "--out-ids - does not mean standard output" neighbours --embeddings e.npy -k 2 --out-ids -
refuses "--plot - does not mean standard output" map --embeddings e.npy --method pca --out y.npy --plot -
"$WINNOW" select --embeddings e.npy -n 3 --out ./- --quiet
[ -s ./- ] && rm ./-
refuses "--out 'e.npy' would be written over --embeddings" select --embeddings e.npy -n 3 --out e.npy
refuses "over --embeddings" select --embeddings ./e.npy -n 3 --out link.npy
refuses "over --labels" select --embeddings e.npy --labels l.npy -n 3 --out hard.npy
refuses "over --embeddings" map --embeddings e.npy --method pca --out "$PWD/e.npy"
refuses "over --embeddings" map --embeddings e.npy --method pca --out y.npy --plot e.npy
refuses "over --embeddings" neighbours --embeddings e.npy -k 2 --out-ids i.npy --out-distances e.npy
refuses "--out-ids and --out-distances would write to the same file 'i.npy'" neighbours --embeddings e.npy -k 2 --out-ids i.npy --out-distances i.npy
refuses "would write to the same file 'i.npy'" neighbours --embeddings e.npy -k 2 --out-ids i.npy --out-distances ./i.npy
refuses "would write to the same file" neighbours --embeddings e.npy -k 2 --out-ids i.npy --out-distances "$PWD/i.npy"
refuses "over --probabilities" check labels --probabilities p.npy --labels l.npy --out p.npy
refuses "over --labels" check labels --probabilities p.npy --labels l.npy --out s.npy --out-issues l.npy
refuses "over --probabilities" score --probabilities p.npy --out p.npy
refuses "over 'l.npy'" score --probabilities p.npy l.npy --out hard.npy
refuses "over --embeddings" embed --embeddings e.npy --dim 2 --out e.npy
refuses "over --teacher" train "$IMAGES" --method distill --teacher e.npy --out e.npy
# What cannot be written is found out before the work, not after.
says() { # STATUS TEXT ARGS...
    local status=0 want=$1 text=$2; shift 2
    "$WINNOW" "$@" >out.txt 2>err.txt || status=$?
    [ $status = "$want" ] && grep -qF -- "$text" err.txt || { echo "winnow $*: status $status"; cat err.txt; }
}
says 1 "--out 'no/such/m.wnm' cannot be written: there is no folder 'no/such'; make it first" \
    train "$IMAGES" -w w --steps 1 --network tiny --out no/such/m.wnm
says 1 "--out 'e.npy/s.npy' cannot be written: 'e.npy': Not a directory" \
    select --embeddings e.npy -n 3 --out e.npy/s.npy
[ ! -e w ] || echo "a call that cannot write its output began its work"
[ ! -e i.npy ] && [ ! -e y.npy ] && [ ! -e s.npy ]
"$WINNOW" select --embeddings e.npy -n 3 --out i.npy -q
"$WINNOW" select --embeddings e.npy -n 3 --out i.npy -q # an earlier output may be written over
