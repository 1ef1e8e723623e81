# Copies and links: names stay unique, nothing is replaced, a second run finds what the first one placed.
"$WINNOW" add "$IMAGES" -w w --input-side 32 --quiet
"$WINNOW" train "$IMAGES" -w w --steps 2 --network tiny --quiet
mkdir out; echo mine >out/keep.txt
"$WINNOW" curate -w w -n 8 --copy out --link links --quiet
echo mine | cmp - out/keep.txt
ls out | wc -l
ls links | wc -l
while read -r path; do
    found=$(find out -type f -exec cmp -s "$path" {} \; -print | wc -l)
    [ "$found" -eq 1 ] || echo "$path: $found copies"
done <w/runs/0001/selected.txt
"$WINNOW" curate -w w -n 8 --copy out --link links --quiet
ls out | wc -l
find links -type l -exec test -e {} \; -print | wc -l
first=$(head -n 1 w/runs/0001/selected.txt)
mkdir third; echo other >third/"$(basename "$first")"
"$WINNOW" curate -w w -n 1 --copy third --quiet
ls third | wc -l
cat third/"$(basename "$first")"
