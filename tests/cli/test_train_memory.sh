# The last passes of a training take no more memory where the model embeds larger pictures than its views. A student has
# the fewest of them: it needs no pairs of views.
"$WINNOW" scenes sample --images 256 --side-low 64 --side-high 64 --planted 0 -q
"$WINNOW" add sample -w w --input-side 64 -q
python3 - <<'P'
import random, struct
head = "{'descr': '<f4', 'fortran_order': False, 'shape': (256, 8), }"
head += " " * (63 - (10 + len(head)) % 64) + "\n"
rows = [random.gauss(0, 1) for _ in range(256 * 8)]
open("t.npy", "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode()
                          + struct.pack("<%df" % len(rows), *rows))
P
for side in 32 64; do
    "$WINNOW" train -w w --method distill --teacher t.npy --network tiny --side 32 --embed-side $side --batch 8 --steps 1 \
        --json -q >$side.json
done
python3 - <<'P'
import json
peak = [json.load(open("%d.json" % side))["peak_memory_bytes"] for side in (32, 64)]
assert peak[1] < 1.25 * peak[0], peak
P
# A limit that is too low is told as it was given, with what the program and the training take.
for limit in 50MB 105MB; do
    status=0
    "$WINNOW" train -w w --network tiny --side 32 --batch 16 --steps 1 --memory-limit $limit -q 2>said.txt || status=$?
    [ $status = 1 ] && grep -q "training needs [0-9.]* MB with batches of 16, and winnow itself 101 MB beside: \
more than --memory-limit ${limit%MB} MB;" said.txt || { echo "$limit: status $status"; cat said.txt; }
done
