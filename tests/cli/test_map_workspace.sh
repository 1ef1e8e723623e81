# The map of a workspace: made, kept, and images that come later put on it.
mkdir first
for folder in aircraft balloons beach; do cp -r "$IMAGES/$folder" first/; done
"$WINNOW" train first -w w --steps 3 --network tiny --batch 8 --views 2 --quiet
"$WINNOW" embed first -w w --quiet
"$WINNOW" map -w w --json --quiet >made.json
"$WINNOW" map -w w --json --quiet >same.json
cp -r "$IMAGES/desert" first/
"$WINNOW" add first -w w --quiet
"$WINNOW" embed first -w w --quiet
"$WINNOW" map -w w --json --quiet >placed.json
"$WINNOW" map -w w --anew --json --quiet >anew.json
"$WINNOW" import first -w w --quiet
"$WINNOW" map -w w --json --quiet >labelled.json
"$WINNOW" map -w w --method tsne --dims 3 --method-options iterations=30 --json --quiet >tsne.json
python3 - <<'P'
import json
names = ("made", "same", "placed", "anew", "tsne", "labelled")
made, same, placed, anew, tsne, labelled = [json.load(open(name + ".json")) for name in names]
assert made["placed"] == same["placed"] == anew["placed"] == 0 and made["rows"] == same["rows"] > 10
assert made["quality"] == same["quality"], "a map that is up to date stays as it is"
assert placed["rows"] == anew["rows"] == made["rows"] + placed["placed"] and placed["placed"] > 0
assert placed["method"] == "umap" and placed["quality"]["trustworthiness"] > 0.5
assert "iterations" not in same and anew["iterations"] == 500
assert anew["quality"]["labels"] is None and 0 < labelled["quality"]["labels"] <= 1
assert all(labelled["quality"][key] == anew["quality"][key] for key in ("trustworthiness", "continuity", "recall", "triplets"))
assert tsne["dims"] == 3 and tsne["objective_name"] == "KL"
P
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q "$words" message || { cat message >&2; return 1; }
}
fails 1 "nomodel" "$WINNOW" map -w w --model nomodel
fails 2 "umap" "$WINNOW" map -w w --method umpa
fails 2 "array mode" "$WINNOW" map -w w --out y.npy
fails 1 "no workspace" "$WINNOW" map -w nowhere
