#!/bin/sh
# write_man.sh WINNOW FOLDER: writes the manual pages, as the program prints them, into FOLDER (docs/man).
set -eu
mkdir -p "$2"
rm -f "$2"/winnow*.1
"$1" help --format man >"$2/winnow.1"
for command in $("$1" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    "$1" help "$command" --format man >"$2/winnow-$command.1"
done
