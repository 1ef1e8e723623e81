#!/bin/sh
# paint_images.sh FOLDER COUNT: the sample images of the tests, painted once for each build of the program.
set -eu
rm -rf "$1"
"$WINNOW" scenes "$1" --images "$2" --side-low 64 --side-high 96 --seed 7 --quiet
