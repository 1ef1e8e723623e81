# SPDX-License-Identifier: Apache-2.0
"""How the way from a picture to the square input of a model of network "mobile" changes its embedding.

    input_shape.py MODEL.wnm SET...      each SET a folder with one folder a class

For each way: cosine 1-nearest-neighbour accuracy of each image against all others of its set, with the features, 128, 64
and 32 numbers. Needs numpy, Pillow and torch.
"""

import struct
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.nn import functional

LAYERS, EPSILON, SUFFIXES = 27, 1e-3, {".jpg", ".jpeg", ".png"}
STRIDES = [2] + [s for i in range(1, 14) for s in ((2 if i in (2, 4, 6, 12) else 1), 1)]


def read_model(path):
    """The tensors of docs/formats/model.md by name, and the side."""
    data = Path(path).read_bytes()
    side, count, text = (struct.unpack_from("<I", data, at)[0] for at in (32, 104, 108))
    first, tensors = struct.unpack_from("<Q", data, 112)[0], {}
    for i in range(count):
        name, _, rank, *shape, offset, size = struct.unpack_from("<48sII4IQQ", data, 128 + text + 88 * i)
        values = np.frombuffer(data, "<f4", size, first + 4 * offset).reshape(shape[:rank])
        tensors[name.split(b"\0")[0].decode()] = values
    return side, tensors


def fold(tensors):
    layers = []
    for i in range(LAYERS):
        scale = tensors[f"conv{i}.scale"] / np.sqrt(tensors[f"conv{i}.variance"] + EPSILON)
        kernel = tensors[f"conv{i}.weight"] * scale[:, None, None, None]
        layers.append((torch.tensor(kernel), torch.tensor(tensors[f"conv{i}.shift"] - tensors[f"conv{i}.mean"] * scale)))
    return layers


@torch.no_grad()
def features(layers, images):
    x = torch.tensor(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    for (kernel, bias), stride in zip(layers, STRIDES):
        if kernel.shape[2] == 3:
            down, across = (max((-(-n // stride) - 1) * stride + 3 - n, 0) for n in x.shape[2:])
            x = functional.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))
        groups = kernel.shape[0] if kernel.shape[1] == 1 else 1
        x = functional.conv2d(x, kernel, bias, stride=stride, groups=groups).clamp(0, 6)
    return x.mean((2, 3)).numpy()


def squeeze(image, side):
    return image.resize((side, side), Image.BICUBIC)


def centre(share):
    def way(image, side):
        width, height = image.size
        edge = min(width, height) * share
        box = ((width - edge) / 2, (height - edge) / 2, (width + edge) / 2, (height + edge) / 2)
        return image.resize((side, side), Image.BICUBIC, box=box)
    return way


def crop_at_most(most):
    def way(image, side):
        width, height = image.size
        cut = min(max(width, height) / min(width, height), most)
        kept_width, kept_height = (width / cut, height) if width > height else (width, height / cut)
        box = ((width - kept_width) / 2, (height - kept_height) / 2, (width + kept_width) / 2, (height + kept_height) / 2)
        return image.resize((side, side), Image.BICUBIC, box=box)
    return way


def repeat_edges(image, side):
    longer = max(image.size)
    size = [max(1, round(side * n / longer)) for n in image.size]
    across, down = side - size[0], side - size[1]
    edges = ((down // 2, down - down // 2), (across // 2, across - across // 2), (0, 0))
    return np.pad(np.asarray(image.resize(size, Image.BICUBIC)), edges, mode="edge")


def own_shape(image, side):
    width, height = image.size
    root = min(max(width, height) / min(width, height), 4) ** 0.5
    longer, shorter = (int(round(side * r / 16) * 16) for r in (root, 1 / root))
    return image.resize((longer, shorter) if width > height else (shorter, longer), Image.BICUBIC)


WAYS = {"squeeze": squeeze, "crop at most 1.2": crop_at_most(1.2), "crop at most 1.5": crop_at_most(1.5),
        "crop at most 2": crop_at_most(2), "centre square": centre(1), "0.875 of it": centre(0.875),
        "edges repeated": repeat_edges, "own shape": own_shape}


def accuracy(rows, labels):
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    near = rows @ rows.T
    np.fill_diagonal(near, -2)
    return (labels[near.argmax(1)] == labels).mean()


def measure(folder, side, tensors, layers):
    paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in SUFFIXES)
    labels = np.array([p.parent.name for p in paths])
    images = [ImageOps.exif_transpose(Image.open(p)).convert("RGB") for p in paths]
    print(f"{folder}: {len(paths)} images of {len(set(labels))} classes")
    for name, way in WAYS.items():
        inputs, rows = [np.asarray(way(image, side)) for image in images], np.zeros((len(paths), 768), np.float32)
        for shape in {i.shape for i in inputs}:
            same = [i for i, one in enumerate(inputs) if one.shape == shape]
            for at in range(0, len(same), 64):
                part = same[at:at + 64]
                rows[part] = features(layers, np.stack([inputs[i] for i in part]))
        embedding = rows @ tensors["embedding0.weight"].T + tensors["embedding0.bias"]
        figures = [accuracy(rows, labels)] + [accuracy(embedding[:, :n], labels) for n in (128, 64, 32)]
        print(f"  {name}: " + " / ".join(f"{f:.3f}" for f in figures), flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    model_side, model_tensors = read_model(sys.argv[1])
    for one in sys.argv[2:]:
        measure(one, model_side, model_tensors, fold(model_tensors))
