#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job as one writes it in Python: the peer of bench_curate.sh.

    curate_peer.py FOLDER PICKS     prints the seconds it takes

Two processes read with Pillow (hash, decode, thumbnail, mean, deviation, sharpness), torch embeds with a network of
the same shape on two threads, numpy makes the map and picks farthest-first. Less than winnow does: no near duplicates,
no random selections to compare with, no page.
"""
import hashlib
import io
import multiprocessing
import os
import sys
import time

import numpy as np
import torch
from PIL import Image

from bench_train_step import NETWORKS, Network

SIDE = 32


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (256, 256))
    image = image.convert("RGB")
    thumb = io.BytesIO()
    small = image.copy()
    small.thumbnail((256, 256))
    small.save(thumb, "JPEG", quality=85)
    pixels = np.asarray(image)
    grey = pixels.mean(2)
    laplace = grey[1:-1, :-2] + grey[1:-1, 2:] + grey[:-2, 1:-1] + grey[2:, 1:-1] - 4 * grey[1:-1, 1:-1]
    facts = (hashlib.md5(data).digest(), hashlib.md5(pixels.tobytes()).digest(), pixels.mean((0, 1)),
             pixels.std((0, 1)), laplace.var(), len(thumb.getvalue()))
    return facts, np.asarray(image.resize((SIDE, SIDE)) if image.size != (SIDE, SIDE) else image)


def embed(pixels):
    torch.set_num_threads(2)
    network = Network(NETWORKS["tiny"]).eval().to(memory_format=torch.channels_last)
    head = torch.nn.Linear(NETWORKS["tiny"][-1][0], 128)
    with torch.inference_mode():
        parts = [head(network(torch.from_numpy(pixels[i:i + 512]).permute(0, 3, 1, 2).float().div_(255)))
                 for i in range(0, len(pixels), 512)]
    return torch.nn.functional.normalize(torch.cat(parts)).numpy()


def select(rows, count):
    norms, nearest, last = np.einsum("ij,ij->i", rows, rows), np.full(len(rows), np.inf, np.float32), 0
    picks = []
    for _ in range(count):
        picks.append(last)
        np.minimum(nearest, norms + norms[last] - 2 * (rows @ rows[last]), out=nearest)
        last = int(nearest.argmax())
    return picks


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    start = time.perf_counter()
    paths = sorted(os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names
                   if name.lower().endswith((".jpg", ".jpeg")))
    with multiprocessing.Pool(2) as pool:
        answers = pool.map(read, paths, chunksize=256)
    rows = embed(np.stack([answer[1] for answer in answers]))
    centred = rows - rows.mean(0)
    np.linalg.eigh(centred.T @ centred)
    select(rows, min(count, len(rows)))
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
