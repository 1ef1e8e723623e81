#!/usr/bin/env bash
# Runs the benchmarks one after the other on a quiet machine.  usage: bench/run.sh [NAME ...]
#
# NAME is the middle of bench_NAME.sh; all of them by default. What they need beyond winnow's own sample images is named
# by the environment; a benchmark whose data or peer is absent says so and is skipped:
#   BENCH_PHOTOS   folder of JPEG photos of about 500 x 375
#   BENCH_CIFAR    folder with train/CLASS/*.jpg and test/CLASS/*.jpg, the 60,000 images of CIFAR-10
#   BENCH_MODEL    a model that `winnow train` made of them
# and see bench/common.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
if [ ! -f build/release/build.ninja ]; then cmake --preset release -DWN_TESTS=OFF >/dev/null; fi
cmake --build build/release --target winnow_cli benches >/dev/null
echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $(date -u +%Y-%m-%d), load $(cut -d' ' -f1 /proc/loadavg)"
status=0
if [ $# = 0 ]; then
    for file in "$here"/bench_*.sh; do
        name=${file##*/bench_}
        set -- "$@" "${name%.sh}"
    done
fi
for name in "$@"; do
    echo
    echo "== $name"
    bash "$here/bench_$name.sh" || { echo "FAILED: $name"; status=1; }
done
exit $status
