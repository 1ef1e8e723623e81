# SPDX-License-Identifier: Apache-2.0
"""Every figure of `winnow evaluate` beside the same formula in numpy and scikit-learn, on an embedding of your own.

    evaluate_peers.py WINNOW E.npy L.npy OTHER.npy      labels L.npy and another embedding OTHER.npy of the same rows

Prints a line a figure and ends with status 1 where two differ by more than they may.
"""

import json
import subprocess
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors

K, TEMPERATURE = 20, 0.1


def winnow(program, *arguments):
    answer = subprocess.run([program, "evaluate", *arguments, "--json", "-q"], check=True, stdout=subprocess.PIPE)
    return json.loads(answer.stdout)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def knn(train, labels, test, truth, leave_one_out):
    count = K + leave_one_out
    distances, near = NearestNeighbors(n_neighbors=count, metric="cosine").fit(train).kneighbors(test)
    distances, near = distances[:, leave_one_out:], near[:, leave_one_out:]
    weights, votes = np.exp((1 - distances) / TEMPERATURE), np.zeros((len(test), labels.max() + 1))
    for j in range(K):
        np.add.at(votes, (np.arange(len(test)), labels[near[:, j]]), weights[:, j])
    return (votes.argmax(1) == truth).mean()


def linear(train, labels, test, truth):
    """The mean loss + |W|^2 / (2 N) on rows that are centred and scaled to a mean variance of 1."""
    mean = train.mean(0)
    scale = np.sqrt(((train - mean) ** 2).mean())
    model = LogisticRegression(C=1.0, max_iter=3000, tol=1e-6).fit((train - mean) / scale, labels)
    return (model.predict((test - mean) / scale) == truth).mean()


def geometry(rows, labels):
    values = np.linalg.svd(rows - rows.mean(0), compute_uv=False)
    shares = values / values.sum()
    rank = np.exp(-(shares * np.log(np.maximum(shares, 1e-300))).sum())
    squares = np.maximum(2 - 2 * unit(rows) @ unit(rows).T, 0)
    pairs = np.triu_indices(len(rows), 1)
    uniformity = np.log(np.exp(-2 * squares[pairs]).mean())
    alike = (labels[:, None] == labels[None, :]) & ~np.eye(len(rows), dtype=bool)
    alignment = ((squares * alike).sum(1) / np.maximum(alike.sum(1), 1))[alike.any(1)].mean()
    distances = NearestNeighbors(n_neighbors=3).fit(unit(rows)).kneighbors(unit(rows))[0]
    ratios = np.sort(distances[:, 2] / distances[:, 1])
    kept = np.log(ratios[:int(0.9 * len(ratios))])  # the largest tenth is known to be above the last of them only
    dimension = len(kept) / (kept.sum() + (len(ratios) - len(kept)) * kept[-1])
    return rank, dimension, uniformity, alignment


def overlap(rows, others):
    near = [NearestNeighbors(n_neighbors=K + 1, metric="cosine").fit(e).kneighbors(e)[1][:, 1:] for e in (rows, others)]
    return np.mean([len(set(a) & set(b)) / K for a, b in zip(*near)])


def main(program, path, labels_path, others_path):
    rows, labels, others = np.load(path).astype(float), np.load(labels_path), np.load(others_path).astype(float)
    half = len(rows) // 2
    order = np.random.default_rng(0).permutation(len(rows))
    parts = {"train": order[:half], "test": order[half:]}
    for name, part in parts.items():
        np.save(f"peer_{name}.npy", rows[part].astype(np.float32))
        np.save(f"peer_{name}_labels.npy", labels[part])
    split = ["--train", "peer_train.npy", "--train-labels", "peer_train_labels.npy", "--test", "peer_test.npy",
             "--test-labels", "peer_test_labels.npy", "-k", str(K)]
    whole = ["--train", path, "--train-labels", labels_path, "-k", str(K)]
    train, test = parts["train"], parts["test"]
    shape = winnow(program, "geometry", *whole)
    rank, dimension, uniformity, alignment = geometry(rows, labels)
    figures = [
        ("knn, each row by all others", winnow(program, "knn", *whole)["accuracy"],
         knn(rows, labels, rows, labels, 1), 2.5 / len(rows)),
        ("knn, half by the other half", winnow(program, "knn", *split)["accuracy"],
         knn(rows[train], labels[train], rows[test], labels[test], 0), 2.5 / len(test)),
        ("linear probe, half by the other half", winnow(program, "linear", *split)["accuracy"],
         linear(rows[train], labels[train], rows[test], labels[test]), 3.5 / len(test)),
        ("effective rank", shape["effective_rank"], rank, 1e-6 * rank),
        ("intrinsic dimension", shape["intrinsic_dim"], dimension, 1e-4 * dimension),
        ("uniformity", shape["uniformity"], uniformity, 1e-5),
        ("alignment of labels", shape["alignment"], alignment, 1e-5),
        ("overlap of neighbours", winnow(program, "overlap", "--train", path, "--with", others_path, "-k",
                                         str(K))["overlap"], overlap(rows, others), 1e-3),
    ]
    wrong = 0
    for name, own, peer, most in figures:
        wrong += not abs(own - peer) <= most
        print(f"{name:38} {own:.6f} {peer:.6f} {'' if abs(own - peer) <= most else 'DIFFERENT'}")
    return wrong > 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
