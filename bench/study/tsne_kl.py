#!/usr/bin/env python3
"""How near t-SNE comes to the exact one: the divergence of maps under the likelihoods of all pairs.

    tsne_kl.py WINNOW EMBEDDINGS.npy [--rows 5000] [--seed 0] [--peers] [NAME=METHOD-OPTIONS ...]

Takes rows at random and gives, for the map by all pairs (repulsion=exact, as many neighbours as winnow takes), for the
default, and for each set of method options named, KL(P || Q) of the map with P from all pairs at perplexity 30 in double,
its ratio to the first, and processor seconds. --peers adds scikit-learn's exact t-SNE and openTSNE.
"""
import argparse
import os
import resource
import subprocess
import tempfile

import numpy as np


def likelihoods(rows, perplexity=30.0):
    """P of all pairs, by bisection of each row's width."""
    n = len(rows)
    squares = (rows ** 2).sum(1)
    d2 = np.maximum(squares[:, None] + squares[None] - 2 * rows @ rows.T, 0)
    np.fill_diagonal(d2, np.inf)
    d2 -= d2.min(1, keepdims=True)
    low, high, beta = np.zeros(n), np.full(n, np.inf), 1 / np.median(d2, 1)
    for _ in range(100):
        p = np.exp(-d2 * beta[:, None])
        total = p.sum(1)
        finite = np.where(np.isfinite(d2), d2, 0)
        entropy = np.log(total) + beta * (p * finite).sum(1) / total
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        beta = np.where(np.isinf(high), beta * 2, (low + high) / 2)
    p = np.exp(-d2 * beta[:, None])
    p /= p.sum(1, keepdims=True)
    return (p + p.T) / (2 * n)


def divergence(p, points):
    squares = (points ** 2).sum(1)
    d2 = np.maximum(squares[:, None] + squares[None] - 2 * points @ points.T, 0)
    q = 1 / (1 + d2)
    np.fill_diagonal(q, 0)
    z = q.sum()
    held = p > 0
    return float((p[held] * (np.log(p[held]) - np.log(q[held] / z))).sum())


def seconds_of(children):
    use = resource.getrusage(resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF)
    return use.ru_utime + use.ru_stime


def run_winnow(winnow, path, options):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "y.npy")
        command = [winnow, "map", "--embeddings", path, "--method", "tsne", "--skip-quality", "--quiet", "--out", out]
        before = seconds_of(True)
        subprocess.run(command + (["--method-options", options] if options else []), check=True)
        return np.load(out).astype(np.float64), seconds_of(True) - before


def run_peer(name, rows):
    before = seconds_of(False)
    if name == "sklearn exact":
        from sklearn.manifold import TSNE
        points = TSNE(method="exact", init="pca").fit_transform(rows)
    else:
        import openTSNE
        points = np.asarray(openTSNE.TSNE(n_jobs=2).fit(rows))
    return points.astype(np.float64), seconds_of(False) - before


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("winnow")
    parser.add_argument("embeddings")
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers", action="store_true")
    args = parser.parse_args()
    rows = np.load(args.embeddings, mmap_mode="r")
    chosen = np.random.default_rng(args.seed).choice(len(rows), min(args.rows, len(rows)), replace=False)
    rows = np.ascontiguousarray(rows[np.sort(chosen)], dtype=np.float32)
    p = likelihoods(rows.astype(np.float64))
    sets = [("exact", "repulsion=exact,neighbours=%d" % min(3000, len(rows) - 1)), ("default", "")]
    sets += [tuple(text.split("=", 1)) for text in args.sets]
    best = None
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file, rows)
        file.flush()
        runs = [(name, lambda options=options: run_winnow(args.winnow, file.name, options)) for name, options in sets]
        if args.peers:
            runs += [(name, lambda name=name: run_peer(name, rows)) for name in ("sklearn exact", "openTSNE")]
        for name, run in runs:
            points, seconds = run()
            value = divergence(p, points)
            best = best or value
            print("%-16s KL %.4f  ratio %.4f  %.1f processor s" % (name, value, value / best, seconds), flush=True)


if __name__ == "__main__":
    main()
