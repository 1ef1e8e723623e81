# Tags by the program: made from a list, combined, deleted, taken back.
"$WINNOW" add "$IMAGES" -w a.winnow -q
(cd "$IMAGES" && find . -name '*.jpg' | sort | sed 's|^\./||') >all.txt
head -n 6 all.txt >first.txt
sed -n '5,9p' all.txt >second.txt
"$WINNOW" tag create first --paths first.txt -w a.winnow -q
"$WINNOW" tag create second --paths second.txt -w a.winnow -q
"$WINNOW" tag subtract rest first second -w a.winnow -q
"$WINNOW" tag union both first second -w a.winnow --json -q | grep -q '"images": 9'
"$WINNOW" tag list -w a.winnow
"$WINNOW" tag show rest -w a.winnow | sed 's|.*/||' >shown
head -n 4 first.txt | sed 's|.*/||' | cmp - shown
"$WINNOW" tag delete rest -w a.winnow -q
! "$WINNOW" tag show rest -w a.winnow 2>message
grep -q "no tag rest" message
"$WINNOW" tag undo -w a.winnow -q
"$WINNOW" tag list -w a.winnow | grep -qx "rest: 4 images"
! "$WINNOW" tag lst -w a.winnow 2>message
grep -q "did you mean 'list'" message
! "$WINNOW" tag union x first -w a.winnow 2>message
grep -q "at least two tags" message
