# SPDX-License-Identifier: Apache-2.0
"""The mean of two models of one network, number by number (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").

    average_models.py A.wnm B.wnm SHARE_OF_B OUT.wnm

The layer to the embedding is B's: let `winnow train --from OUT.wnm` make a new one. Needs numpy and libxxhash.
"""

import ctypes
import ctypes.util
import struct
import sys
from pathlib import Path

import numpy as np


def tensors(data):
    """Where each tensor lies among the floats; docs/formats/model.md."""
    count, text_bytes = struct.unpack_from("<II", data, 104)
    rows = {}
    for i in range(count):
        name, *_, first, size = struct.unpack_from("<48sII4IQQ", data, 128 + text_bytes + 88 * i)
        rows[name.split(b"\0")[0]] = slice(first, first + size)
    offset, floats = struct.unpack_from("<QQ", data, 112)
    return rows, offset, np.frombuffer(data, "<f4", floats, offset).copy()


def main(first_path, second_path, share, out):
    first, second, share = Path(first_path).read_bytes(), Path(second_path).read_bytes(), float(share)
    first_rows, _, first_floats = tensors(first)
    rows, offset, floats = tensors(second)
    for name, where in rows.items():
        if not name.startswith(b"embedding"):
            floats[where] = (1 - share) * first_floats[first_rows[name]] + share * floats[where]
    content = second[32:offset] + floats.tobytes()
    hasher = ctypes.CDLL(ctypes.util.find_library("xxhash")).XXH3_64bits
    hasher.restype, hasher.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    Path(out).write_bytes(second[:24] + struct.pack("<Q", hasher(content, len(content))) + content)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
