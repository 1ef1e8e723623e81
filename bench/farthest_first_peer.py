#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Farthest-first as one writes it in numpy: the peer of bench_farthest_first.sh.

    farthest_first_peer.py time E.npy PICKS       prints the seconds that PICKS picks take
    farthest_first_peer.py compare E.npy PICKS.npy   all picks again, in double precision; exit status 1 when they differ

Time is that of 30 picks in float32, one matrix-vector product each, times PICKS / 30: each pick costs the same.
"""
import sys
import time

import numpy as np


def measure(rows, picks):
    tries = min(30, picks)
    norms = np.einsum("ij,ij->i", rows, rows)
    nearest = np.full(len(rows), np.inf, np.float32)
    last = 0
    start = time.perf_counter()
    for _ in range(tries):
        distances = rows @ rows[last]
        distances *= -2
        distances += norms
        distances += norms[last]
        np.minimum(nearest, distances, out=nearest)
        last = int(nearest.argmax())
    return (time.perf_counter() - start) * picks / tries


def count_same(rows, picks):
    """Picks that agree before the first that does not; rows that are equally far to 12 digits may stand for each other."""
    rows = rows.astype(np.float64)
    rows -= rows.mean(0)
    norms = np.einsum("ij,ij->i", rows, rows)
    nearest = np.full(len(rows), np.inf)
    for at in range(1, len(picks)):
        last = picks[at - 1]
        np.minimum(nearest, norms + norms[last] - 2 * (rows @ rows[last]), out=nearest)
        nearest[last] = -1
        if nearest[picks[at]] < nearest.max() - 1e-12 * norms.max():
            return at
    return len(picks)


def main():
    task, path, last = sys.argv[1:]
    if task == "time":
        print(measure(np.load(path), int(last)))
        return 0
    picks = np.load(last)
    start = time.perf_counter()
    same = count_same(np.load(path), picks)
    print(f"{path.rsplit('/', 1)[-1]}: {same} of {len(picks)} picks are those of the plain method "
          f"(double precision, {time.perf_counter() - start:.0f} s)")
    return same != len(picks)


if __name__ == "__main__":
    sys.exit(main())
