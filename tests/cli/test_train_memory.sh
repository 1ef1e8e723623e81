# The last passes of a training take no more memory where the model embeds larger pictures than its views.
"$WINNOW" scenes sample --images 256 --side-low 64 --side-high 64 --planted 0 -q
"$WINNOW" add sample -w w --input-side 64 -q
for side in 32 64; do
    "$WINNOW" train -w w --network tiny --side 32 --embed-side $side --batch 8 --steps 1 --json -q >$side.json
done
python3 - <<'P'
import json
peak = [json.load(open("%d.json" % side))["peak_memory_bytes"] for side in (32, 64)]
assert peak[1] < 1.25 * peak[0], peak
P
