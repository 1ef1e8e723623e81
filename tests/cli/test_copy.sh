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
# From tars: members are found by one walk; where a link cannot point into a tar, the content is copied.
tar cf a.tar -C "$IMAGES" fields; tar czf b.tar.gz -C "$IMAGES" forest
"$WINNOW" curate a.tar b.tar.gz -w t --model w/models/trained.wnm -n 5 --copy fourth --link fifth --quiet
ls fourth | wc -l; ls fifth | wc -l
for file in fourth/*; do
    [ -n "$(find "$IMAGES" -type f -exec cmp -s "$file" {} \; -print -quit)" ] || echo "$file is no image"
done
