# SPDX-License-Identifier: Apache-2.0
"""SimCLR of the package lightly on PyTorch's processor backend: ResNet-18 in its CIFAR form, two views of each image.

    lightly_simclr.py [BATCH] [STEPS] [THREADS] [PATHS]

Views a second of the fastest step, in memory formats and precisions in turn: the peer of
`bench_train_step resnet18_cifar 256 32 fp32|bf16`, which leaves out loss and projector. With PATHS, a list of images, a
step also reads its images and makes its views, as `winnow train` does. Needs lightly and torchvision.
"""

import itertools
import sys
import time

import torch
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from lightly.transforms import SimCLRTransform
from PIL import Image
from torch import nn
from torchvision.models import resnet18


def read_views(paths, batch):
    """2 * batch views of the next images, endlessly: all first ones, then all second ones."""
    transform, paths = SimCLRTransform(input_size=32, gaussian_blur=0.0), itertools.cycle(paths)
    while True:
        pairs = [transform(Image.open(path).convert("RGB")) for path in itertools.islice(paths, batch)]
        yield torch.stack([pair[i] for i in (0, 1) for pair in pairs])


def main(batch, steps, threads, paths=None):
    torch.set_num_threads(threads)
    images = read_views(open(paths).read().splitlines(), batch) if paths else None
    for last in (True, False):
        for precision in ("fp32", "bf16"):
            network = resnet18()
            network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
            network.maxpool, network.fc = nn.Identity(), SimCLRProjectionHead(512, 512, 128)
            if last:
                network = network.to(memory_format=torch.channels_last)
            optimizer = torch.optim.SGD(network.parameters(), lr=0.06, momentum=0.9, weight_decay=5e-4)
            loss, best, least = NTXentLoss(), 1e9, 1e9
            memory_format = torch.channels_last if last else torch.contiguous_format
            noise = torch.randn(2 * batch, 3, 32, 32)
            for _ in range(steps):
                begun, used = time.perf_counter(), time.process_time()
                views = (next(images) if images else noise).contiguous(memory_format=memory_format)
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
                    first, second = network(views).chunk(2)
                loss(first.float(), second.float()).backward()
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                best, least = min(best, time.perf_counter() - begun), min(least, time.process_time() - used)
            print(f"{precision} {'channels last' if last else 'contiguous'}: {2 * batch / best:.0f} views/s, "
                  f"{2 * batch / least:.0f} views per processor second", flush=True)


if __name__ == "__main__":
    main(*[int(a) for a in (sys.argv[1:4] + ["128", "4", "2"][len(sys.argv) - 1:])[:3]], *sys.argv[4:5])
