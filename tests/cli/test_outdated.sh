# Embeddings of a model that is another one now: the built-in model of another version, and a file that was replaced.
find "$IMAGES" -type f | sort | sed -n 1,24p >some.txt
image=$(head -n 1 some.txt)
refuses() {
    local reason=$1; shift
    if "$@" >out.txt 2>message.txt; then echo "accepted: $*"; return 1; fi
    grep -q -- "$reason" message.txt || { echo "$* says: $(cat message.txt)"; return 1; }
}
"$WINNOW" add some.txt -w w --input-side 16 -q
"$WINNOW" train -w w --network tiny --batch 8 --views 2 --steps 2 -q --name mine
"$WINNOW" embed -w w --dim 5 -q
"$WINNOW" embed -w w --model mine -q
"$WINNOW" train -w w --network tiny --batch 8 --views 2 --steps 3 -q --name other --out other.wnm
cp -r w f
# A file in its place: no picture is compared with vectors of the model before, and all are embedded anew.
cp other.wnm f/models/mine.wnm
refuses "mine.wnm' was another model" "$WINNOW" search --image "$image" -w f --model mine -n 3
"$WINNOW" embed -w f --model mine >said.txt 2>&1
grep -q "'mine' is another model than the one that embedded the images: they are embedded anew" said.txt
[ "$("$WINNOW" search --image "$image" -w f --model mine -n 1 -q | awk '{ print $2 < 0.001 }')" = 1 ]
"$WINNOW" embed -w f --model mine >said.txt 2>&1
! grep -q anew said.txt || exit 1
# The built-in model of another version is a row of the catalogue whose column has another hash.
python3 - <<'P'
import sqlite3
catalog = sqlite3.connect("w/catalog.db")
catalog.execute("UPDATE models SET name = 'default', file = 'default' WHERE name = 'mine'")
catalog.execute("UPDATE embeddings SET model = 'default' WHERE model = 'mine'")
catalog.execute("DELETE FROM embeddings WHERE model != 'default'")
catalog.execute("DELETE FROM models WHERE name != 'default'")
catalog.commit()
P
"$WINNOW" status -w w >said.txt
grep -q "default: 128 dimensions, not all images embedded" said.txt
refuses "'default' was another model" "$WINNOW" search --image "$image" -w w -n 3
for command in "search --sample 1 -n 3" "neighbours" "map --method pca" "check outlier" "evaluate knn"; do
    "$WINNOW" $command -w w >/dev/null 2>said.txt
    grep -q "of the built-in model of another version of winnow; 'winnow embed --model default'" said.txt
done
"$WINNOW" select -w w -n 5 >/dev/null 2>said.txt
grep -q "'default' is another model than the one that embedded the images" said.txt
[ "$("$WINNOW" search --image "$image" -w w -n 3 2>said.txt | wc -l)" = 3 ]
! grep -q version said.txt || exit 1
"$WINNOW" status -w w >said.txt
grep -q "default: 128 dimensions, all images embedded" said.txt
