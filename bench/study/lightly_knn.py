# SPDX-License-Identifier: Apache-2.0
"""SimCLR, VICReg or BYOL of the package lightly with winnow's network: the peer of `winnow train --network tiny`.

    lightly_knn.py PATHS.txt simclr|vicreg|byol EPOCHS OUT.npy [EVERY [SIDE]]

Trains on every EVERY-th file of the list (default 1), pictures of SIDE x SIDE pixels (32), with the augmentations of winnow's views: crops of 20 % and more,
colour of strength 0.5, a fifth in grey, mirrored, no blur at 32 pixels; batches of 128, SGD at 0.1 with Nesterov momentum
0.9 and decay 5e-4, 5 % warm-up and a cosine. Then writes 128 numbers for each file (float32), made of its features as winnow
makes its own where views do not count: principal axes, each divided by its variance to the power 0.375. `winnow evaluate knn`
gives their accuracy.
One thread. Needs lightly, torch, torchvision, Pillow.
"""

import copy
import math
import os
import sys
import time

import numpy as np
import torch
from lightly.loss import NegativeCosineSimilarity, NTXentLoss, VICRegLoss
from lightly.models.modules import BYOLPredictionHead, BYOLProjectionHead, SimCLRProjectionHead
from lightly.models.modules.heads import VICRegProjectionHead
from lightly.models.utils import deactivate_requires_grad, update_momentum
from lightly.transforms import SimCLRTransform
from lightly.utils.scheduler import cosine_schedule
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from bench_train_step import NETWORKS, Network  # noqa: E402

BATCH, RATE = 128, 0.1


class Learner(torch.nn.Module):
    def __init__(self, method):
        super().__init__()
        self.method, self.network = method, Network(NETWORKS["tiny"])
        width = NETWORKS["tiny"][-1][0]
        if method == "byol":
            self.head, self.predictor = BYOLProjectionHead(width, 256, 128), BYOLPredictionHead(128, 256, 128)
            self.teacher = torch.nn.ModuleList([copy.deepcopy(self.network), copy.deepcopy(self.head)])
            deactivate_requires_grad(self.teacher)
            self.criterion = NegativeCosineSimilarity()
        elif method == "vicreg":
            self.head, self.criterion = VICRegProjectionHead(width, 256, 256, num_layers=2), VICRegLoss()
        else:
            self.head, self.criterion = SimCLRProjectionHead(width, 256, 64), NTXentLoss(temperature=0.2)

    def loss(self, first, second, progress):
        if self.method != "byol":
            a, b = self.head(self.network(torch.cat([first, second]))).chunk(2)
            # winnow divides the weights of VICReg by 25, which suits the same rate
            return self.criterion(a, b) / (25 if self.method == "vicreg" else 1)
        keep = cosine_schedule(int(progress * 1000), 1000, 0.99, 1.0)
        update_momentum(self.network, self.teacher[0], keep)
        update_momentum(self.head, self.teacher[1], keep)
        a, b = (self.predictor(self.head(self.network(v))) for v in (first, second))
        with torch.no_grad():
            ta, tb = (self.teacher[1](self.teacher[0](v)) for v in (first, second))
        return 0.5 * (self.criterion(a, tb) + self.criterion(b, ta))


def rate_at(step, steps):
    warm_up = max(1, steps // 20)
    if step < warm_up:
        return RATE * (step + 1) / warm_up
    return RATE * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))


def scaled_axes(rows, dim=128):
    """The former axes of docs/decisions/0004, of the given rows."""
    rows = rows - rows.mean(0)
    variances, axes = np.linalg.eigh(rows.T @ rows / len(rows))
    ridge = 0.01 * variances.mean()
    variances, axes = variances[::-1][:dim] + ridge, axes[:, ::-1][:, :dim]
    return (rows @ axes / variances**0.375).astype(np.float32)


def main(paths, method, epochs, out, every=1, side=32):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    with open(paths) as file:
        images = [Image.open(line.rstrip("\n")).convert("RGB") for line in file]
    train = images[::every]
    normalize = {"mean": [0.5] * 3, "std": [0.25] * 3}
    transform = SimCLRTransform(input_size=side, cj_strength=0.5, min_scale=0.2, gaussian_blur=0.0, normalize=normalize)
    learner = Learner(method).train()
    optimizer = torch.optim.SGD(learner.parameters(), lr=RATE, momentum=0.9, nesterov=True, weight_decay=5e-4)
    per_epoch, begun = len(train) // BATCH, time.process_time()
    for step in range(epochs * per_epoch):
        if step % per_epoch == 0:
            order = torch.randperm(len(train)).tolist()
        at = step % per_epoch * BATCH
        pairs = [transform(train[i]) for i in order[at:at + BATCH]]
        first, second = (torch.stack([pair[v] for pair in pairs]) for v in (0, 1))
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, epochs * per_epoch)
        loss = learner.loss(first, second, step / (epochs * per_epoch))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    print(f"{method}: {epochs * per_epoch} steps, loss {loss.item():.3f}, "
          f"{time.process_time() - begun:.0f} processor seconds", flush=True)
    learner.eval()
    rows = []
    with torch.no_grad():
        for at in range(0, len(images), 256):
            pixels = np.stack([np.asarray(image) for image in images[at:at + 256]]).astype(np.float32)
            rows.append(learner.network(torch.from_numpy((pixels / 255 - 0.5) / 0.25).permute(0, 3, 1, 2)).numpy())
    np.save(out, scaled_axes(np.concatenate(rows).astype(np.float64)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], *[int(a) for a in sys.argv[5:]])
