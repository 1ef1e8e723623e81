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
assert (again["readable"], again["bad"], again["new"]) == (3, first["bad"], 0), again
P
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
