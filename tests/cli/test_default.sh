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
