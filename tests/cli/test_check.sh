# Images that were spoilt on purpose, and copies in another split, are found, and nothing else of their kind.
mkdir -p set/train set/test
n=0
for file in $(find "$IMAGES" -name "*.jpg" | grep -v " " | sort | awk "NR % 7 == 1" | head -n 12); do
    cp "$file" "set/train/image$((n += 1)).jpg"
done
cp set/train/image1.jpg set/test/same.jpg
printf 'broken' >set/train/broken.jpg
"$WINNOW" add set -w set.winnow -q 2>/dev/null
"$WINNOW" check -w set.winnow --json -q >figures.json
cat >look.py <<'PY'
import csv, json
figures = json.load(open("figures.json"))
counts = {check["name"]: check["issues"] for check in figures["checks"]}
assert figures["rows"] == 13 and figures["bad"] == 1 and counts["corrupt"] == 1, figures
assert counts["exact-duplicate"] == 1 and figures["exact_duplicates"] == 1 and figures["leaks"] == 1
assert counts["outlier"] is None and figures["model"] is None
run = figures["run"] + "/"
read = lambda name: list(csv.DictReader(open(run + name)))
issues = read("issues.csv")
assert len(issues) == 13 and issues[0]["path"].endswith("set/test/same.jpg")
for name, count in counts.items():
    key = name.replace("-", "_")
    if count is None:
        assert "is_%s_issue" % key not in issues[0]
        continue
    flags = [row["is_%s_issue" % key] for row in issues]
    assert set(flags) <= {"True", "False"} and (name == "corrupt" or flags.count("True") == count)
    assert all(0 <= float(row[key + "_score"]) <= 1 for row in issues)
pairs = read("duplicates.csv")
assert len(pairs) == figures["duplicates"] and float(pairs[0]["distance"]) == 0
leaks = read("leaks.csv")
assert len(leaks) == 1 and {leaks[0]["from_split"], leaks[0]["to_split"]} == {"train", "test"}
assert leaks[0]["from"].endswith("test/same.jpg") and leaks[0]["to"].endswith("train/image1.jpg")
groups = read("components.csv")
kept = [row for row in groups if row["keep"] == "1"]
assert len(groups) == figures["duplicates"] + figures["groups"] and len(kept) == figures["groups"]
assert len(read("stats.csv")) == 13 and read("bad_files.csv")[0]["path"].endswith("broken.jpg")
page = open(run + "report.html").read()
assert "Checks" in page and "exact-duplicate" in page and "data:image/jpeg" in page
PY
python3 look.py
"$WINNOW" check exact-duplicate -w set.winnow --apply -q >lines.txt
grep -q "^exact-duplicate  *1  " lines.txt
"$WINNOW" status -w set.winnow --json | python3 -c '
import json, sys
tags = json.load(sys.stdin)["tags"]
assert tags == {"check:exact-duplicate": 1, "check:drop": 1}, tags'
before=$(ls set.winnow/runs | wc -l)
"$WINNOW" check dark --set dark.threshold=1 --dry-run -w set.winnow -j 1 >lines.txt 2>said
grep -q "nothing was written" said
[ "$(ls set.winnow/runs | wc -l)" = "$before" ]
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" 2>message || got=$?
    [ "$got" = "$status" ] && grep -q "$words" message || { cat message >&2; return 1; }
}
fails 2 "did you mean 'blur'" "$WINNOW" check blurr -w set.winnow
fails 2 "CHECK.OPTION=VALUE" "$WINNOW" check --set blur -w set.winnow
fails 2 "no setting" "$WINNOW" check --set blurr.threshold=1 -w set.winnow
fails 2 "threshold" "$WINNOW" check --set blur.threshold=7 -w set.winnow
fails 2 "check labels" "$WINNOW" check --labels l.npy -w set.winnow
fails 1 "nowhere" "$WINNOW" check --tags nowhere -w set.winnow
mkdir empty
cd empty
fails 1 "there is no workspace" "$WINNOW" check
