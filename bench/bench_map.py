#!/usr/bin/env python3
"""Maps by winnow and by umap-learn, openTSNE and pacmap, in one run.

    bench_map.py WINNOW EMBEDDINGS.npy [LABELS.npy] [--only umap,tsne,pacmap]

For each method: wall and processor seconds of both (the peer's second run, its compiler warm), trustworthiness (k = 15),
continuity, neighbours kept, triplets and 10-NN label accuracy of both maps, measured by winnow at the same sample,
and, up to 5,000 rows, scikit-learn's trustworthiness beside it. The peer's figures stand in the same line.
"""
import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")


def umap(rows):
    import umap as module
    return module.UMAP().fit_transform(rows), None


def tsne(rows):
    import openTSNE
    found = openTSNE.TSNE(n_jobs=os.cpu_count()).fit(rows)
    return np.asarray(found), found.kl_divergence


def pacmap(rows):
    import pacmap as module
    return module.PaCMAP().fit_transform(rows), None


PEERS = {"umap": umap, "tsne": tsne, "pacmap": pacmap}


def trustworthiness(rows, points):
    from sklearn.manifold import trustworthiness as measure
    return measure(rows, points, n_neighbors=15)


def measure(rows, points, labels, sample=1500, k=15):
    """The figures of `winnow map`, by numpy, at a sample of rows."""
    rng = np.random.default_rng(0)
    n = len(rows)
    chosen = rng.choice(n, min(sample, n), replace=False)
    trust = torn = kept = right = 0.0
    squares, map_squares = (rows ** 2).sum(1), (points ** 2).sum(1)
    for i in chosen:
        near = squares - 2 * rows @ rows[i]
        near_map = map_squares - 2 * points @ points[i]
        near[i] = near_map[i] = -np.inf
        order, order_map = (np.argpartition(d, k)[:k + 1] for d in (near, near_map))
        order, order_map = order[np.argsort(near[order])][1:], order_map[np.argsort(near_map[order_map])][1:]
        trust += sum(max(0, int((near < near[j]).sum()) - k) for j in order_map)
        torn += sum(max(0, int((near_map < near_map[j]).sum()) - k) for j in order)
        kept += np.isin(order[:10], order_map[:10]).mean()
        if labels is not None:
            right += np.bincount(labels[order_map[:10]]).argmax() == labels[i]
    factor = 2 / (len(chosen) * k * (2 * n - 3 * k - 1))
    out = {"trustworthiness": 1 - factor * trust, "continuity": 1 - factor * torn, "kept": kept / len(chosen)}
    if labels is not None:
        out["labels"] = right / len(chosen)
    if n <= 5000:
        out["trustworthiness_sklearn"] = trustworthiness(rows, points)
    return {name: round(float(value), 4) for name, value in out.items()}


def run_winnow(program, method, path, out):
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    text = subprocess.run([program, "map", "--embeddings", path, "--method", method, "--out", out, "--json", "-q",
                           "--skip-quality"], check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.time() - started, after.ru_utime - before.ru_utime, json.loads(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("winnow")
    parser.add_argument("embeddings")
    parser.add_argument("labels", nargs="?")
    parser.add_argument("--only", default=",".join(PEERS))
    args = parser.parse_args()
    rows = np.load(args.embeddings).astype(np.float32)
    labels = np.load(args.labels) if args.labels else None
    with tempfile.TemporaryDirectory() as folder:
        for method in args.only.split(","):
            out = os.path.join(folder, method + ".npy")
            wall, seconds, figures = run_winnow(args.winnow, method, args.embeddings, out)
            ours = {"wall": round(wall, 2), "processor": round(seconds, 2), "objective": figures.get("objective"),
                    **measure(rows, np.load(out), labels)}
            PEERS[method](rows[:600])
            started, cpu = time.time(), time.process_time()
            points, objective = PEERS[method](rows)
            theirs = {"wall": round(time.time() - started, 2), "processor": round(time.process_time() - cpu, 2),
                      "objective": objective, **measure(rows, np.asarray(points, np.float32), labels)}
            print(json.dumps({"method": method, "rows": len(rows), "dim": rows.shape[1], "winnow": ours,
                              "peer": theirs}), flush=True)


if __name__ == "__main__":
    main()
