# A dry run says what would be done, and leaves the workspace and all else as it was.
mkdir photos
find "$IMAGES" -name '*.jpg' | sort | sed -n 1,40p | tr '\n' '\0' | xargs -0 cp -pt photos
"$WINNOW" add photos -w w --input-side 32 -q
python3 - <<'PY'
import json
box = {"input": {"type": "EMBEDDINGS", "task": "tiles"}, "strategy": {"type": "DIVERSITY"}}
plain = {"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}}
tiles = {"type": "TILING", "name": "tiles", "num_rows": 2, "num_cols": 2}
json.dump({"n_samples": 5, "strategies": [plain]}, open("plain.json", "w"))
json.dump({"n_samples": 5, "strategies": [box, box], "auto_tasks": [tiles]}, open("tiles.json", "w"))
PY
# Any reader of the catalogue leaves an empty catalog.db-wal and its catalog.db-shm; they hold nothing.
state() {
    find . -path ./state -prune -o -type f ! -name 'catalog.db-*' -printf '%p %s %T@\n' -o ! -path ./w -printf '%p %y\n' |
        grep -v '/catalog.db-' | sort
    [ ! -s w/catalog.db-wal ]
    find w -type f ! -name 'catalog.db-*' -exec sha256sum {} + | sort
}
mkdir state
unchanged() { # ARGS...: runs with --dry-run; says that nothing was written, and nothing was. The talk is in state/said
    state >state/before
    "$WINNOW" "$@" -w w --dry-run >state/lines 2>state/said
    state >state/after
    diff state/before state/after >&2
    grep -q "(--dry-run)" state/said || { echo "$*: says nothing of the dry run" >&2; cat state/said >&2; return 1; }
}
says() { grep -qF -- "$1" state/said || { echo "wanted '$1'" >&2; cat state/said >&2; return 1; }; }

# Nothing is embedded yet.
unchanged select -n 5 --tag some --out picks.txt --out-reasons why.csv
says "would embed 40 images with the model 'default', and then pick 5 of 38; nothing was embedded or written"
[ ! -s state/lines ]
unchanged select -n 10% --evaluate --json
grep -q '"would_embed": 40' state/lines && grep -q '"selected": 4' state/lines && grep -q '"tag": null' state/lines
unchanged select --config plain.json
says "would embed 40 images with"
unchanged select --config tiles.json --explain
says "would embed 40 images and 160 objects of images with"
[ ! -s state/lines ]
unchanged select -n 5 --dim 16
says "would embed 40 images with the model 'default-pca16'"
unchanged select -n 4 --sequence-length 2 --json
grep -q '"strategy": "farthest-first"' state/lines && grep -q '"selected": 4' state/lines
status=0
"$WINNOW" select -n 41 -w w --dry-run >state/lines 2>state/said || status=$?
[ $status = 1 ] && says "41"

# Embedded: the picks of a true run, and nothing else is lacking but the objects.
"$WINNOW" embed -w w -q
unchanged select -n 5 --tag some --out picks.txt
says "none was kept"
cp state/lines picked
unchanged select --config tiles.json
says "would embed 160 objects of images"
unchanged select -n 5 --dim 16
says "would embed 40 images with the model 'default-pca16'"
unchanged map --method pca
says "nothing was written"
unchanged map --method umap --plot map.png
unchanged neighbours -k 5
unchanged check
cp state/lines checked
"$WINNOW" check -w w >again 2>/dev/null
"$WINNOW" select -n 5 -w w -q >again
cmp picked again
"$WINNOW" select -n 5 -w w --dim 16 -q >again
"$WINNOW" select --config tiles.json -w w -q >tiled
unchanged select -n 5 --dim 16
cmp state/lines again
unchanged select --config tiles.json
cmp state/lines tiled

unchanged select --from selected -n 3
[ "$(wc -l <state/lines)" = 3 ]

# New images: those alone.
find "$IMAGES" -name '*.jpg' | sort | sed -n 41,47p | tr '\n' '\0' | xargs -0 cp -pt photos
"$WINNOW" add photos -w w -q
unchanged select -n 5 --model default
says "would embed 7 images with the model 'default'"
unchanged select -n 5 --model default-pca16
says "would embed 7 images with the model 'default-pca16'"

# On arrays too.
"$WINNOW" embed -w w --model default --out e.npy -q
unchanged_arrays() {
    state >state/before
    "$WINNOW" "$@" --dry-run >state/lines 2>state/said
    state >state/after
    diff state/before state/after >&2
    says "nothing was written (--dry-run)"
}
unchanged_arrays select --embeddings e.npy -n 5 --out p.npy --out-distances d.npy
unchanged_arrays select --embeddings e.npy --config plain.json --out p.npy --out-distances d.npy --out-reasons r.csv
