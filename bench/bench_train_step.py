#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The networks of src/nn/architectures in PyTorch on the CPU, trained on random views: the peer of bench_train_step.c.

    bench_train_step.py [network] [batch] [side] [fp32|bf16] [threads] [steps]

Tries channels_last off and on and reports the faster one. Run it pinned (taskset, OMP_PROC_BIND=true).
"""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional

# (channels, kernel, pool, skip), as in src/nn/architectures
NETWORKS = {
    "tiny": [(32, 3, 0, 0), (64, 3, 1, 0), (64, 3, 0, 0), (64, 3, 0, 2), (128, 3, 1, 0), (128, 3, 0, 0),
             (256, 3, 1, 0), (256, 3, 0, 0), (256, 3, 0, 2)],
    "small": [(64, 3, 0, 0), (128, 3, 1, 0), (128, 3, 0, 0), (128, 3, 0, 2), (256, 3, 1, 0), (256, 3, 0, 0),
              (384, 3, 1, 0), (384, 3, 0, 0), (384, 3, 0, 2)],
}


class Network(nn.Module):
    def __init__(self, rows):
        super().__init__()
        self.rows = rows
        channels = [3] + [row[0] for row in rows]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, row[1], padding=row[1] // 2, bias=False)
                                   for a, b, row in zip(channels, channels[1:], rows))
        self.norms = nn.ModuleList(nn.BatchNorm2d(row[0]) for row in rows)

    def forward(self, x):
        outs = []
        for (_, _, pool, skip), conv, norm in zip(self.rows, self.convs, self.norms):
            x = conv(x)
            if pool:
                x = functional.max_pool2d(x, 2)
            x = functional.relu(norm(x), inplace=True)
            if skip:
                x = x + outs[-skip]
            outs.append(x)
        return x.mean((2, 3))


def flop(rows, side):
    total, channels, area = 0, 3, side * side
    for width, kernel, pool, _ in rows:
        total += 2 * area * channels * width * kernel * kernel
        channels, area = width, area // 4 if pool else area
    return total


def seconds_of_steps(rows, batch, side, precision, channels_last, steps):
    torch.manual_seed(0)
    network = Network(rows).train()
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, nesterov=True, weight_decay=5e-4)
    pixels = torch.randint(0, 256, (batch, side, side, 3), dtype=torch.uint8)
    weights = torch.randn(batch, rows[-1][0]) * 1e-4
    seconds, cpu_seconds = [], []
    for _ in range(steps):
        start, cpu_start = time.perf_counter(), time.process_time()
        views = pixels.permute(0, 3, 1, 2).float().div_(255).sub_(0.5).div_(0.25)  # already channels_last in memory
        if not channels_last:
            views = views.contiguous()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            features = network(views)
        (features.float() * weights).sum().backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - start)
        cpu_seconds.append(time.process_time() - cpu_start)
    return sorted(seconds), sorted(cpu_seconds)


def main():
    defaults = ["tiny", "512", "32", "fp32", "2", "10"]
    name, batch, side, precision, threads, steps = sys.argv[1:] + defaults[len(sys.argv) - 1:]
    batch, side = int(batch), int(side)
    torch.set_num_threads(int(threads))
    rows = NETWORKS[name]
    runs = {last: seconds_of_steps(rows, batch, side, precision, last, int(steps)) for last in (False, True)}
    best = min(runs, key=lambda last: runs[last][0][0])
    seconds, cpu_seconds = runs[best]
    print(json.dumps({
        "bench": "train_step", "engine": f"torch {torch.__version__}", "network": name, "batch": batch, "side": side,
        "precision": precision, "threads": int(threads), "channels_last": best,
        "views_per_second": round(batch / seconds[0]),
        "views_per_second_median": round(batch / seconds[len(seconds) // 2]),
        "views_per_processor_second": round(batch / cpu_seconds[0]),
        "gflop_per_second": round(3 * flop(rows, side) * batch / seconds[0] * 1e-9, 1)}))


if __name__ == "__main__":
    main()
