# Copies and links: names stay unique, nothing is replaced, a second run finds what the first one placed.
"$WINNOW" add "$IMAGES" -w w --input-side 16 --quiet
"$WINNOW" train "$IMAGES" -w w --steps 2 --network tiny --batch 8 --views 2 --quiet
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
# Nothing that stands in the way is written through or lost, and long names fit.
mkdir -p odd/in odd/out
cp "$(find "$IMAGES" -name '*.jpg' | sort | head -n 1)" odd/in/plain.jpg
cp "$(find "$IMAGES" -name '*.jpg' | sort | sed -n 2p)" "odd/in/$(printf 'n%.0s' {1..251}).jpg"
echo victim >odd/victim
echo mine >odd/out/mine.part
ln -s ../victim odd/out/plain.jpg.part
"$WINNOW" curate odd/in -n 2 --copy odd/out -w odd/w.winnow --quiet
[ "$(cat odd/victim odd/out/mine.part)" = "victim
mine" ] && [ -L odd/out/plain.jpg.part ] && cmp odd/in/plain.jpg odd/out/plain.jpg
[ "$(find odd/out -type f -name 'n*.jpg' | wc -l)" = 1 ]
[ -z "$(find odd -name '.winnow-*.part')" ]
# A link is written through; one that leads nowhere is refused, as is one file for two things.
touch odd/target.npy odd/e.npy.part
ln -s target.npy odd/link.npy
ln -s nowhere odd/loose.npy
"$WINNOW" embed odd/in --out odd/link.npy --out-paths odd/p.txt --quiet
[ -L odd/link.npy ] && [ -s odd/target.npy ] && [ ! -L odd/target.npy ]
"$WINNOW" embed odd/in --out odd/e.npy --out-paths odd/p.txt --quiet
cmp odd/e.npy odd/target.npy && [ -e odd/e.npy.part ]
"$WINNOW" embed odd/in --out odd/loose.npy --out-paths odd/p.txt --quiet 2>odd/said && echo "not refused"
grep -q "a link" odd/said
"$WINNOW" embed odd/in --out odd/e.npy --out-paths odd/e.npy --quiet 2>odd/said && echo "not refused"
grep -q "the same file" odd/said
