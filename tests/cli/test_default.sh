# The built-in model: used when nothing is named, by its name, adapted to the images, and listed.
"$WINNOW" info >info.txt
grep -q "^models *default" info.txt
"$WINNOW" curate "$IMAGES" -w w -n 5 --json >first.json 2>talk.txt
grep -q "using the built-in model" talk.txt
"$WINNOW" embed "$IMAGES" --out e.npy --out-paths paths.txt --quiet
"$WINNOW" embed "$IMAGES" --model default --out named.npy --quiet
cmp e.npy named.npy
# What a workspace embeds is what files give. A workspace of another side is no error.
"$WINNOW" embed -w w --out kept.npy --quiet
cmp e.npy kept.npy
head -n 24 paths.txt >few.txt
"$WINNOW" add few.txt -w small --input-side 32 --quiet
"$WINNOW" embed -w small --model default --json --quiet >small.json
grep -q "\"model\": \"default\"" small.json
# Adapted: a model of the workspace, which is used from then on.
"$WINNOW" curate few.txt -w small -n 5 --train-steps 2 --json --quiet >adapted.json 2>/dev/null
"$WINNOW" curate few.txt -w small -n 6 --json --quiet >again.json 2>/dev/null
python3 - <<'PY'
import json
first, adapted, again = (json.load(open(f"{name}.json")) for name in ("first", "adapted", "again"))
assert first["model"] == "default" and not first["trained"] and first["dim"] == 128, first
assert adapted["model"] == "trained" and adapted["trained"], adapted
assert again["model"] == "trained" and not again["trained"], again
PY
# A teacher with a row too few is refused before any training.
"$WINNOW" embed paths.txt --out e.npy --quiet
head -n 3 paths.txt >three.txt
! "$WINNOW" train three.txt -w t --method distill --teacher e.npy --steps 1 2>err.txt
grep -q "rows, but there are 3 readable images" err.txt
# A model as the teacher is the same as its rows; the workspace keeps what it says.
distill() { "$WINNOW" train --method distill --network tiny --side 16 --batch 8 --steps 2 --json -q "$@"; }
"$WINNOW" embed few.txt --model default --out rows.npy --quiet
for side in 32 112; do # smaller pictures than the teacher looks at, and as large ones
    "$WINNOW" add few.txt -w t$side --input-side $side --quiet
    distill -w t$side --teacher default --out model$side.wnm >model.json
    grep -q '"model": "trained"' model.json
    "$WINNOW" embed -w t$side --json -q --model default --out rows$side.npy >kept.json
    grep -q '"new": 0' kept.json
    distill -w t$side --name other --teacher rows$side.npy --out rows$side.wnm >/dev/null
    cmp model$side.wnm rows$side.wnm
done
cmp rows.npy rows112.npy
# By paths alone, and models of other kinds: of the workspace, weights, a reduction, an array under another name.
distill few.txt --teacher default --out new.wnm >/dev/null
cp rows112.npy rows.bin
"$WINNOW" model export default --out d.safetensors -q
"$WINNOW" embed few.txt --dim 8 --out x.npy --out-model small.wnr -q
for teacher in trained d.safetensors small.wnr rows.bin; do
    distill -w t112 --name "of-$teacher" --teacher "$teacher" --out taught.wnm >/dev/null
    [ -s taught.wnm ] && rm taught.wnm
done
"$WINNOW" embed -w t112 -q --json >newest.json # what was trained last, though its teacher came in the same second
grep -q '"model": "of-rows.bin"' newest.json
# What is neither says what would do, before any picture is read.
refused() { # TEACHER WORDS...
    local status=0 teacher=$1
    "$WINNOW" train few.txt -w refused --method distill --teacher "$teacher" --steps 1 -q 2>err.txt || status=$?
    [ $status = 1 ] || { echo "--teacher $teacher: status $status"; cat err.txt; }
    while [ $# -gt 1 ]; do
        grep -qF -- "$2" err.txt || cat err.txt
        shift
    done
}
remedy="; --teacher takes a model, as 'winnow embed --model' does, or the embeddings of the images in a .npy file"
refused few.txt "few.txt: not a winnow model$remedy"
refused nobody "'nobody' is neither a model of the workspace, nor a file" "$remedy"
"$WINNOW" status -w refused --json >status.json
grep -q '"input_side": 0' status.json
refused missing.npy "missing.npy"
