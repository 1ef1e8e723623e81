#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Diversity x scores x balance in lightly-mundig and in winnow, on the same arrays.

    coral_peer.py WINNOW FOLDER ROWS DIM PICKS

FOLDER gets the arrays. Processor seconds are printed: of mundig for run_selection alone, of winnow for the whole program,
which reads the file, picks, ranks as many rows again and measures the covering. Also how many picks agree, and the
picks of each class: ten classes, unequal in the data, are to be equal."""
import json
import os
import resource
import subprocess
import sys
import time

import lightly_mundig
import numpy as np

CLASSES = 10


def make(rows, dim):
    random = np.random.default_rng(0)
    centres, cluster = random.normal(size=(200, dim)), random.integers(0, 200, rows)
    embeddings = (centres[cluster] + 0.5 * random.normal(size=(rows, dim))).astype("f4")
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings, random.random(rows).astype("f4"), cluster * cluster // 200 * CLASSES // 200


def run_mundig(embeddings, scores, labels, picks):
    selection = lightly_mundig.Selection()
    selection.add_diversifying_strategy(embeddings, 1.0)
    selection.add_weighting_strategy([float(s) for s in scores], 1.0)
    selection.add_balancing_strategy(np.eye(CLASSES, dtype="f4")[labels].tolist(), [1 / CLASSES] * CLASSES, 1.0)
    started = time.process_time()
    picked = selection.run_selection([], len(embeddings), picks)
    return picked, time.process_time() - started


def run_winnow(winnow, folder, picks):
    strategies = [{"input": {"type": "EMBEDDINGS"}, "strategy": {"type": "DIVERSITY"}},
                  {"input": {"type": "SCORES", "score": "s", "array": "s.npy"}, "strategy": {"type": "WEIGHTS"}},
                  {"input": {"type": "METADATA", "array": "l.npy"},
                   "strategy": {"type": "BALANCE", "distribution": "UNIFORM"}}]
    with open(os.path.join(folder, "c.json"), "w") as file:
        json.dump({"n_samples": picks, "strategies": strategies}, file)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([winnow, "select", "--embeddings", "e.npy", "--config", "c.json", "--out", "p.npy", "-q"], check=True,
                   cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return np.load(os.path.join(folder, "p.npy")), seconds


def main():
    winnow, folder, (rows, dim, picks) = os.path.abspath(sys.argv[1]), sys.argv[2], map(int, sys.argv[3:6])
    embeddings, scores, labels = make(rows, dim)
    os.makedirs(folder, exist_ok=True)
    for name, array in ("e", embeddings), ("s", scores), ("l", labels.astype("i8")):
        np.save(os.path.join(folder, name + ".npy"), array)
    ours, seconds = run_winnow(winnow, folder, picks)
    print("winnow  %.2f processor seconds, picks of each class %s" % (seconds, np.bincount(labels[ours], minlength=CLASSES)))
    theirs, seconds = run_mundig(embeddings, scores, labels, picks)
    print("mundig  %.2f processor seconds, picks of each class %s" % (seconds, np.bincount(labels[theirs], minlength=CLASSES)))
    print("agree in %d of %d" % (len(set(ours) & set(theirs)), picks))


main()
