#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small work on .npy files for bench_knn_cifar.sh; only `vote` needs numpy.

    label_arrays.py labels PATHS.txt L.npy      class of each path: the number of its folder, folders in order of name
    label_arrays.py prefix E.npy DIM OUT.npy    the first DIM columns (float32)
    label_arrays.py vote TRAIN.npy L.npy TEST.npy M.npy   the accuracy once more, in numpy
"""
import array
import ast
import os
import struct
import sys
import time


def write(path, descr, shape, data):
    header = str({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)


def labels(paths, out):
    with open(paths, "rb") as file:
        folders = [os.path.basename(os.path.dirname(line)) for line in file.read().split(b"\n") if line]
    numbers = {name: i for i, name in enumerate(sorted(set(folders)))}
    write(out, "<i8", (len(folders),), array.array("q", (numbers[name] for name in folders)).tobytes())


def prefix(path, dim, out):
    with open(path, "rb") as file:
        assert file.read(6) == b"\x93NUMPY"
        wide = file.read(2)[0] > 1
        length = int.from_bytes(file.read(4 if wide else 2), "little")
        header = ast.literal_eval(file.read(length).decode())
        rows, cols = header["shape"]
        assert header["descr"] == "<f4" and not header["fortran_order"] and int(dim) <= cols
        data = file.read()
    kept = b"".join(data[row * cols * 4:row * cols * 4 + int(dim) * 4] for row in range(rows))
    write(out, "<f4", (rows, int(dim)), kept)


def vote(train, train_labels, test, test_labels):
    import numpy as np
    a, la, b, lb = (np.load(name) for name in (train, train_labels, test, test_labels))
    start = time.perf_counter()
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    right = 0
    for first in range(0, len(b), 1000):
        similar = b[first:first + 1000] @ a.T
        nearest = np.argpartition(-similar, 200, axis=1)[:, :200]
        weights = np.exp(np.take_along_axis(similar, nearest, 1) / 0.1)
        votes = np.stack([(weights * (la[nearest] == label)).sum(1) for label in range(la.max() + 1)], 1)
        right += int((votes.argmax(1) == lb[first:first + 1000]).sum())
    print(f"  peer   numpy, {a.shape[1]} dimensions: accuracy {right / len(b):.4f}, {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    {"labels": labels, "prefix": prefix, "vote": vote}[sys.argv[1]](*sys.argv[2:])
