# The whole way, twice: the second run of the same command reads nothing again and gives the same picks.
"$WINNOW" curate "$IMAGES" -w w -n 12 --train-steps 4 --train-network tiny --input-side 16 --json --quiet >first.json
"$WINNOW" curate "$IMAGES" -w w -n 12 --train-steps 4 --train-network tiny --input-side 16 --json --quiet >second.json
python3 - "$IMAGES" <<'P'
import csv, json, os, sys
first, second = json.load(open("first.json")), json.load(open("second.json"))
keys = {"workspace", "run", "found", "readable", "bad", "exact_duplicates", "embedded", "model", "dim", "selected",
        "covering", "files", "seconds", "peak_memory_bytes"}
assert keys <= set(first), keys - set(first)
assert {"selected", "random_mean", "random_std"} <= set(first["covering"])
assert {"scan", "read", "train", "embed", "select", "report", "total"} <= set(first["seconds"])
truth = list(csv.DictReader(open(os.path.join(sys.argv[1], "truth.csv"))))
broken = sum(row["kind"] == "broken" for row in truth)
assert first["found"] == len(truth), (first["found"], len(truth))
assert first["bad"] == broken and first["readable"] == len(truth) - broken, first
assert first["exact_duplicates"] >= sum(row["kind"] == "copy" for row in truth)
assert first["selected"] == 12 and first["embedded"] == first["readable"] and first["dim"] >= 32
assert first["covering"]["selected"] <= first["covering"]["random_mean"], first["covering"]
assert first["run"].endswith("runs/0001") and second["run"].endswith("runs/0002")
for name in ("list", "csv", "duplicates", "bad"):
    assert open(first["files"][name]).read() == open(second["files"][name]).read(), name
picks = [line.rstrip("\n") for line in open(first["files"]["list"])]
table = list(csv.DictReader(open(first["files"]["csv"])))
assert picks == [row["path"] for row in table] and all(os.path.exists(path) for path in picks)
assert [row["rank"] for row in table] == [str(i) for i in range(1, 13)]
distances = [float(row["distance"]) for row in table[1:]]
assert table[0]["distance"] == "" and min(distances) > 0, distances
assert json.load(open(first["run"] + "/config.json"))["strategy"] == "max-herding"
bad = list(csv.DictReader(open(first["files"]["bad"])))
assert {row["path"] for row in bad} == {os.path.join(sys.argv[1], row["file"]) for row in truth
                                        if row["kind"] == "broken"}
assert all(row["reason"] for row in bad)
pairs = list(csv.DictReader(open(first["files"]["duplicates"])))
assert pairs and list(pairs[0]) == ["from", "to", "distance"]
same = {frozenset((row["from"], row["to"])) for row in pairs if float(row["distance"]) == 0}
for row in truth:
    if row["kind"] == "copy":
        copy = os.path.join(sys.argv[1], row["file"])
        assert any(copy in pair for pair in same), copy
        assert not any(copy in picks and other in picks for pair in same for other in pair - {copy} if copy in pair)
page = open(first["files"]["report"]).read()
assert "Beyond distances" in page and "Images that are represented" in page and "nearly alike" in page
issues = list(csv.DictReader(open(os.path.join(first["run"], "issues.csv"))))
assert len(issues) == first["readable"] and {"is_dark_issue", "dark_score", "is_outlier_issue"} <= set(issues[0])
assert {"dark", "blur", "outlier"} <= set(first["issues"]) and "exact-duplicate" not in first["issues"]
for name, count in first["issues"].items():
    assert count == sum(row["is_" + name.replace("-", "_") + "_issue"] == "True" for row in issues), name
kinds = {os.path.join(sys.argv[1], row["file"]): row["kind"] for row in truth}
assert any(row["is_dark_issue"] == "True" and kinds[row["path"]] == "dark" for row in issues), first["issues"]
assert "<html" in page and 'id="checks"' in page and page.rstrip().endswith("</html>") and "src=\"http" not in page
P
"$WINNOW" status -w w | sed -n '2p;$p'
"$WINNOW" report -w w
# The neighbour graph is made once and then read.
# the map keeps a graph of 15 neighbours; more are a search from nothing
"$WINNOW" neighbours -w w -k 20 --json -q >graph.json
"$WINNOW" neighbours -w w -k 5 --json -q >again.json
python3 - <<'P'
import json
first, again = json.load(open("graph.json")), json.load(open("again.json"))
assert first["searched"] == first["rows"] > 10 and first["kept"] == 0 and first["recall"] == 1, first
assert again["searched"] == 0 and again["kept"] == first["rows"] and again["k"] == 5, again
P
# Search: a file finds itself, a sample does not; filters, order and files agree.
image=$(python3 - "$IMAGES" <<'P'
import csv, os, sys
row = next(row for row in csv.DictReader(open(os.path.join(sys.argv[1], "truth.csv"))) if row["kind"] == "plain")
print(os.path.join(sys.argv[1], row["file"]))
P
)
"$WINNOW" search --image "$image" -w w -n 5 --json -q >image.json
"$WINNOW" search --sample "$image" -w w -n 5 --csv sample.csv --sheet sheet.png -q
"$WINNOW" search --farthest -w w -n 4 --json -q >far.json
"$WINNOW" search --tag selected --where "tag!=selected,lightly.width>1" -w w -n 3 --json -q >tag.json
python3 - "$image" <<'P'
import csv, json, struct, sys
found = json.load(open("image.json"))["results"]
assert len(found) == 5 and [item["rank"] for item in found] == [1, 2, 3, 4, 5]
assert any(item["path"] == sys.argv[1] and abs(item["distance"]) < 1e-3 for item in found), found
assert all(a["distance"] <= b["distance"] for a, b in zip(found, found[1:]))
table = list(csv.DictReader(open("sample.csv")))
assert len(table) == 5 and all(row["path"] != sys.argv[1] for row in table)
data = open("sheet.png", "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", data[16:24]) == (8 + 5 * 168, 8 + 168)
far = json.load(open("far.json"))["results"]
assert len(far) == 4 and all(a["distance"] >= b["distance"] for a, b in zip(far, far[1:]))
tag = json.load(open("tag.json"))
assert tag["rows"] > 3 and len(tag["results"]) == 3
P
refuses() { # WORDS COMMAND...
    local words=$1
    shift
    if "$@" >/dev/null 2>message; then return 1; fi
    grep -q "$words" message || { cat message >&2; return 1; }
}
refuses "inside the image" "$WINNOW" search --image "$image" --region 1,1,90000,5 -w w
refuses "no sample" "$WINNOW" search --sample nowhere.jpg -w w
refuses "row.* 0 to" "$WINNOW" search --sample 99999 -w w
refuses "cancel out" "$WINNOW" search --sample 1 --not-sample 1 -w w
refuses "tag" "$WINNOW" search --tag nosuch -w w
refuses "name what to look for" "$WINNOW" search -w w
cp "$image" query.jpg; cp sheet.png query.png
refuses "written as .png" "$WINNOW" search --sample 1 --sheet query.jpg -w w
refuses "would replace the image 'query.png'" "$WINNOW" search --image query.png --sheet ./query.png -w w
cmp "$image" query.jpg && cmp sheet.png query.png
refuses "cannot write 'none/x.csv': No such file" "$WINNOW" search --sample 1 --csv none/x.csv -w w
refuses "cannot write '/dev/full': No space left" "$WINNOW" search --sample 1 --csv /dev/full -w w
refuses "NAME=VALUE" "$WINNOW" search --sample 1 --where "width" -w w
