#!/bin/sh
# Each public header compiles alone, as C17 and as C++17, and winnow.h includes every one of them.  usage: tools/check_headers.sh CC CXX
set -eu
cd "$(dirname "$0")/.."
failed=0
count=0
for header in include/winnow/*.h; do
    name=winnow/$(basename "$header")
    printf '#include "%s"\n' "$name" | ${1:-cc} -std=c17 -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only -x c - || failed=1
    printf '#include "%s"\n' "$name" | ${2:-c++} -std=c++17 -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c++ - || failed=1
    if [ "$name" != winnow/winnow.h ] && ! grep -qx "#include \"$name\"" include/winnow/winnow.h; then
        echo "include/winnow/winnow.h does not include $name"
        failed=1
    fi
    count=$((count + 1))
done
[ "$count" -gt 0 ] || failed=1
echo "headers: $count compile alone"
exit "$failed"
