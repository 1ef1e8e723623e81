# Runs of consecutive files: whole, in one folder, without overlap; far from an earlier selection.
mapfile -t files < <(find "$IMAGES" -name '*.jpg' | sort)
mkdir -p clips/a clips/b
for i in $(seq 0 10); do
    cp "${files[$i]}" "clips/a/frame-$(printf %03d "$i").jpg"
    cp "${files[$((i + 11))]}" "clips/b/frame-$(printf %03d "$i").jpg"
done
"$WINNOW" add clips -w w --input-side 16 -q
"$WINNOW" train -w w --steps 4 --network tiny --batch 8 --views 2 -q
"$WINNOW" select -w w -n 9 --sequence-length 3 --tag one --keep-duplicates -q >one.txt
"$WINNOW" select -w w -n 6 --sequence-length 3 --tag two --except-tag one --keep-duplicates -q >two.txt
python3 - <<'PY'
one, two = open("one.txt").read().split(), open("two.txt").read().split()
assert len(one) == 9 and len(two) == 6
for paths in one, two:
    for i in range(0, len(paths), 3):
        folder = {p.rsplit("/", 1)[0] for p in paths[i:i + 3]}
        frames = [int(p[-7:-4]) for p in paths[i:i + 3]]
        assert len(folder) == 1 and frames == [frames[0] + k for k in range(3)], paths[i:i + 3]
assert not set(one) & set(two) and len(set(one)) == 9
PY
fails() { # STATUS WORDS COMMAND...
    local status=$1 words=$2 got=0
    shift 2
    "$@" >/dev/null 2>message || got=$?
    [ "$got" = "$status" ] && grep -q -- "$words" message || { cat message >&2; return 1; }
}
fails 1 "no multiple of --sequence-length 4" "$WINNOW" select -w w -n 9 --sequence-length 4 --keep-duplicates
fails 1 "but there are 6 (4 images" "$WINNOW" select -w w -n 21 --sequence-length 3 --keep-duplicates
"$WINNOW" select -w w -n 21 --sequence-length 3 --at-most --keep-duplicates -q >all.txt
[ "$(wc -l <all.txt)" = 18 ]
