# SPDX-License-Identifier: Apache-2.0
"""Makes the last layer of a model of network "mobile" anew: the principal axes of its features over a list of images,
ordered by variance and divided by it to the power of POWER / 2 (0 = plain axes, 1 = equal variances).

    spread_axes.py IN.wnm PATHS.txt POWER OUT.wnm

Needs numpy, Pillow, torch and scripts beside it.
"""

import ctypes
import ctypes.util
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np
from average_models import tensors
from input_shape import features, fold, read_model, squeeze
from mobilenet_teacher import principal_axes
from PIL import Image


def main(source, paths, power, out):
    side, named = read_model(source)
    layers, names, rows = fold(named), Path(paths).read_text().splitlines(), []
    for at in range(0, len(names), 64):
        images = [np.asarray(squeeze(Image.open(p).convert("RGB"), side)) for p in names[at:at + 64]]
        rows.append(features(layers, np.stack(images)))
    with tempfile.NamedTemporaryFile(suffix=".npy") as kept:
        np.save(kept.name, np.concatenate(rows))
        weights, bias, _ = principal_axes(kept.name, len(named["embedding0.bias"]), float(power))
    data = Path(source).read_bytes()
    where, offset, floats = tensors(data)
    floats[where[b"embedding0.weight"]] = weights.ravel()
    floats[where[b"embedding0.bias"]] = bias
    content = data[32:offset] + floats.tobytes()
    hasher = ctypes.CDLL(ctypes.util.find_library("xxhash")).XXH3_64bits
    hasher.restype, hasher.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    Path(out).write_bytes(data[:24] + struct.pack("<Q", hasher(content, len(content))) + content)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
