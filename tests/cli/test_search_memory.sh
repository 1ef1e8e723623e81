# A search embeds one picture, plans for it and for one thread, and keeps the limit.
image=$(find "$IMAGES" -type f | sort | sed -n 1p)
"$WINNOW" add "$IMAGES" -w w -q
"$WINNOW" embed -w w --model default -q
"$WINNOW" search -w w --image "$image" -n 1 -j 1 -v >one.txt 2>one.plan
"$WINNOW" search -w w --image "$image" -n 1 -j 8 -v >eight.txt 2>eight.plan
cmp one.txt eight.txt
grep -q "$image" one.txt
[ "$(grep -o "the model takes up to [^ ]* MB" one.plan)" = "$(grep -o "the model takes up to [^ ]* MB" eight.plan)" ]
if "$WINNOW" search -w w --image "$image" --memory-limit 60MB 2>message.txt; then exit 1; fi
grep -q "the model needs .* more than --memory-limit" message.txt
