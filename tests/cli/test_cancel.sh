# SIGINT ends a run with status 130 and says how to go on; another writer is told who holds the workspace.
"$WINNOW" curate "$IMAGES" -w w -n 10 --train-steps 100000 --train-network tiny --input-side 16 2>err.txt & pid=$!
for _ in $(seq 200); do
    grep -q "training a model" err.txt && break
    sleep 0.1
done
status=0
"$WINNOW" add "$IMAGES" -w w 2>busy.txt || status=$?
[ $status -eq 1 ] || echo "second writer: status $status"
grep -q "winnow curate" busy.txt || cat busy.txt
"$WINNOW" status -w w >/dev/null
kill -INT $pid
status=0
wait $pid || status=$?
[ $status -eq 130 ] || echo "status $status after SIGINT"
grep -q "Run the same command again to go on" err.txt || cat err.txt
