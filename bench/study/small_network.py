#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small supervised network from scratch on 60 % of the labels: picked at random, by margin, or by weighted coverage.

    small_network.py WINNOW TRAIN.txt TEST.txt EMBEDDINGS.npy RESULTS.csv [--seeds 3] [--first-seed 0] [--start 10000]
        [--share 0.6] [--epochs 16] [--threads 1] [--arms random,margin,coral]

TRAIN.txt and TEST.txt list square pictures of one size; the class of a picture is the name of its folder. EMBEDDINGS.npy
has a row for each line of TRAIN.txt. For each seed a network is trained on START random labels; its probabilities give the
uncertainty of the others, 1 - (p1 - p2). Then each arm adds pictures up to SHARE of all, the same START among them, by
`winnow select`: at random, the most uncertain, or by `uncertainty-herding`; and a new network learns from them with the same
number of passes: SGD with Nesterov momentum, one cycle of the rate, crops and mirror images. Writes accuracy on TEST.txt.
Needs torch, numpy and Pillow."""
import argparse
import csv
import json
import os
import subprocess
import tempfile
import time

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

BATCH = 128


def pictures(path):
    with open(path) as file:
        names = [line.rstrip("\n") for line in file]
    classes = sorted({os.path.basename(os.path.dirname(name)) for name in names})
    labels = np.array([classes.index(os.path.basename(os.path.dirname(name))) for name in names])
    pixels = np.stack([np.asarray(Image.open(name).convert("RGB")) for name in names])
    rows = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - 0.47) / 0.25
    return rows.contiguous(memory_format=torch.channels_last), torch.from_numpy(labels)


class Network(torch.nn.Module):
    """Six convolutions of 3 x 3 and a mean of the last map: 9 million multiplications for 32 x 32 pixels."""

    def __init__(self, classes):
        super().__init__()
        shape = [(3, 16, 1), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2)]
        self.convolutions = torch.nn.ModuleList([torch.nn.Conv2d(i, o, 3, s, 1, bias=False) for i, o, s in shape])
        self.norms = torch.nn.ModuleList([torch.nn.BatchNorm2d(o) for _, o, _ in shape])
        self.head = torch.nn.Linear(shape[-1][1], classes)

    def forward(self, x):
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms)):
            y = functional.relu(norm(convolution(x)))
            x = y + x if i in (2, 4) else y
        return self.head(x.mean((2, 3)))


def augmented(batch, draw):
    """A mirror image or not, and a crop of the picture with 4 pixels of ground around it, for each picture."""
    count, side = len(batch), batch.shape[-1]
    padded = functional.pad(batch, (4, 4, 4, 4))
    dy, dx = (torch.randint(0, 9, (count, 1), generator=draw) for _ in "yx")
    across = torch.arange(side).expand(count, side)
    mirror = torch.randint(0, 2, (count, 1), generator=draw).bool()
    columns = torch.where(mirror, side - 1 - across, across) + dx
    rows = torch.arange(side).expand(count, side) + dy
    found = padded.permute(0, 2, 3, 1)[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return found.permute(0, 3, 1, 2)


def trained(pixels, labels, classes, epochs, seed):
    torch.manual_seed(seed)
    network = Network(classes).to(memory_format=torch.channels_last).train()
    draw = torch.Generator().manual_seed(seed + 1)
    steps = epochs * (len(labels) // BATCH)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.3, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.3, total_steps=steps, pct_start=0.25, cycle_momentum=False)
    for step in range(steps):
        at = step % (len(labels) // BATCH) * BATCH
        if at == 0:
            order = torch.randperm(len(labels), generator=draw)
        batch = order[at:at + BATCH]
        loss = functional.cross_entropy(network(augmented(pixels[batch], draw)), labels[batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def probabilities(network, pixels):
    with torch.no_grad():
        return torch.cat([network(pixels[i:i + 500]).softmax(1) for i in range(0, len(pixels), 500)]).numpy()


def picks(args, arm, start, count, found, seed):
    """Rows that an arm adds to `start`, by winnow."""
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)
        top = np.sort(found, 1)
        np.save(path("start.npy"), start.astype("i8"))
        np.save(path("probabilities.npy"), found)
        np.save(path("margin.npy"), (1 - top[:, -1] + top[:, -2]).astype("f4"))
        weights = {"input": {"type": "SCORES", "score": "margin", "array": path("margin.npy")}, "strategy": {"type": "WEIGHTS"}}
        with open(path("margin.json"), "w") as file:
            json.dump({"n_samples": count, "strategies": [weights]}, file)
        how = {"random": ["--strategy", "random"], "margin": ["--config", path("margin.json")],
               "coral": ["--strategy", "uncertainty-herding", "--probabilities", path("probabilities.npy")]}[arm]
        subprocess.run([args.winnow, "select", "--embeddings", args.embeddings, "--preselected", path("start.npy"),
                        "--out", path("new.npy"), "-q"] + how +
                       ([] if arm == "margin" else ["-n", str(count), "--seed", str(seed)]), check=True)
        return np.load(path("new.npy"))


def main():
    parser = argparse.ArgumentParser()
    for name in ("winnow", "train", "test", "embeddings", "results"):
        parser.add_argument(name)
    for name, value in (("seeds", 3), ("first-seed", 0), ("start", 10000), ("epochs", 16), ("threads", 1)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--share", type=float, default=0.6)
    parser.add_argument("--arms", default="random,margin,coral")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    (pixels, labels), (test, truth) = pictures(args.train), pictures(args.test)
    classes, wanted = int(labels.max()) + 1, int(args.share * len(labels))
    with open(args.results, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["arm", "seed", "labels", "accuracy", "seconds"])
        for seed in range(args.first_seed, args.first_seed + args.seeds):
            start = np.random.default_rng(seed).permutation(len(labels))[:args.start]
            found = None
            for arm in ["start"] + args.arms.split(","):
                rows, begun = start, time.process_time()
                if arm != "start":
                    rows = np.concatenate([start, picks(args, arm, start, wanted - len(start), found, seed)])
                assert len(np.unique(rows)) == len(rows)
                chosen = torch.from_numpy(rows.astype("i8"))
                network = trained(pixels[chosen], labels[chosen], classes, args.epochs, seed)
                if arm == "start":
                    found = probabilities(network, pixels)
                accuracy = float((probabilities(network, test).argmax(1) == truth.numpy()).mean())
                writer.writerow([arm, seed, len(rows), "%.4f" % accuracy, "%.0f" % (time.process_time() - begun)])
                file.flush()


if __name__ == "__main__":
    main()
