#!/usr/bin/env bash
# `winnow add` a second time: 100,000 small files of which none has changed.
# usage: bench/bench_add_unchanged.sh [IMAGES]     (default: small scenes that winnow paints, repeated)
. "$(dirname "$0")/common.sh"
images=${1:-$scratch/small-scenes}
count=${BENCH_FILES:-100000}
[ -d "$images" ] || "$winnow" scenes "$images" --images 1000 --side-low 32 --side-high 64 --planted 0 --quiet
copies=$scratch/unchanged-$(basename "$images")-$count
workspace=$scratch/unchanged-$count.winnow
"$programs/make_copies" "$images" "$copies" "$count"
first=$scratch/unchanged.first.log again=$scratch/unchanged.again.log
walk=$scratch/unchanged.walk.log python=$scratch/unchanged.python.log
rm -f "$first" "$again" "$walk" "$python"
rm -rf "$workspace"
measured "$first" "$cores" "$winnow" add "$copies" -w "$workspace" -j 2 --quiet >/dev/null
for _ in $(seq "$runs"); do
    measured "$again" "$cores" "$winnow" add "$copies" -w "$workspace" -j 2 --json --quiet >"$scratch/unchanged.json"
    measured "$walk" "$cores" find "$copies" -type f -printf '%s %T@ %i %p\n' >/dev/null
    ! has_python os || measured "$python" "$cores" "$PYTHON" -c '
import os, sys
folders, known = [sys.argv[1]], {}
while folders:
    for entry in os.scandir(folders.pop()):
        if entry.is_dir():
            folders.append(entry.path)
        else:
            stat = entry.stat()
            known[entry.path] = (stat.st_size, stat.st_mtime_ns)
' "$copies"
done
column 1 "$first" | figure "winnow add, $count new files" s lower
column 1 "$again" | figure "winnow add, $count known files" s lower 3
[ ! -f "$python" ] || column 1 "$python" | peer "Python: walk, stat, dictionary" s
floor "find -printf: walk and stat" s "$(column 1 "$walk" | best_median lower | cut -d' ' -f1)"
column 3 "$again" | awk '{ print $1 / 1e6 }' | figure "  its memory" MB lower
[ "$(json unchanged "$scratch/unchanged.json")" = "$count" ] || { echo "not all files were found unchanged"; exit 1; }
rm -rf "$workspace"
