# Files that cannot be read are an answer: listed with a reason, everything else done.
mkdir -p in/x.jpg in/deep
cp "$(find "$IMAGES" -name '*.jpg' -size +2k | sort | head -n 1)" in/good.jpg
cp in/good.jpg in/deep/"$(printf 'line\nbreak, "quoted".jpg')"
cp in/good.jpg in/"$(printf 'bytes\xff\xfe.jpg')"
: >in/empty.jpg
echo "no image" >in/text.jpg
head -c 700 in/good.jpg >in/cut.jpg
ln -s nowhere in/dangling.jpg
ln -s . in/circle
mkfifo in/pipe.jpg
"$WINNOW" add in --json --quiet >add.json
"$WINNOW" add in --json --quiet >again.json
python3 - <<'P'
import json
first, again = json.load(open("add.json")), json.load(open("again.json"))
assert first["readable"] == 3 and first["bad"] >= 5, first
names = [bad["path"] for bad in first["bad_files"]]
assert len(names) == first["bad"] and "in/text.jpg" in names and first["bad_files"] == again["bad_files"], first
assert all(bad["reason"] for bad in first["bad_files"]), first
assert (again["readable"], again["bad"], again["new"]) == (3, first["bad"], 0), again
P
# The first are named, with -v all; arrays name them as a workspace does.
all=$(sed -n 's/.*"bad": \([0-9]*\).*/\1/p' add.json)
for kind in "add in" "embed in --out e.npy" "embed in -w in.winnow"; do
    # shellcheck disable=SC2086
    "$WINNOW" $kind 2>said.txt
    [ "$(grep -c "^winnow: warning: 'in/.*': " said.txt)" = 5 ] || cat said.txt
    grep -q "^winnow: warning: $((all - 5)) more files are bad; -v and --json list them all" said.txt || cat said.txt
    # shellcheck disable=SC2086
    "$WINNOW" $kind -v 2>said.txt
    [ "$(grep -c "^winnow: warning: 'in/.*': " said.txt)" = "$all" ] || cat said.txt
    # shellcheck disable=SC2086
    "$WINNOW" $kind --strict --quiet 2>said.txt && echo "$kind: --strict let bad files pass"
    grep -q "$all .*files are bad, and --strict was given.*; the first is 'in/.*': ." said.txt || cat said.txt
done
"$WINNOW" embed in --out e.npy --json --quiet | grep -q '"path": "in/text.jpg"'
cp in/good.jpg in/empty.jpg
rm in/good.jpg
"$WINNOW" add in --json --quiet | grep -E '"(changed|gone|readable)"'
status=0; "$WINNOW" add in --strict --quiet 2>err.txt || status=$?
echo $status
status=0; "$WINNOW" curate in/text.jpg -n 1 --quiet 2>err.txt || status=$?
grep -o "none of the 1 files found is a readable image" err.txt; echo $status
grep -c "text.jpg,not an image" "$(sed 's/.*the reasons are in //' err.txt)"
mkdir nothing
status=0; "$WINNOW" curate nothing -n 1 --quiet 2>err.txt || status=$?
grep -o "no image was found" err.txt; echo $status
