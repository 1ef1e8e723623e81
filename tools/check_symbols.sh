#!/bin/sh
# The shared library exports names that begin with wn_ and nothing else.  usage: tools/check_symbols.sh libwinnow.so
set -eu
exported=$(nm -D --defined-only "$1" | awk '$2 ~ /[TDBRVW]/ { print $3 }')
[ -n "$exported" ] || { echo "symbols: $1 exports nothing"; exit 1; }
stray=$(printf '%s\n' "$exported" | grep -v -E '^(wn_|_init$|_fini$|__asan|__odr_asan|__tsan)' || true)
[ -z "$stray" ] || { printf 'symbols without the prefix wn_:\n%s\n' "$stray"; exit 1; }
echo "symbols: $(printf '%s\n' "$exported" | wc -l) exported, all with the prefix wn_"
