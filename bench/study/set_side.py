# SPDX-License-Identifier: Apache-2.0
"""Makes a model embed pictures of another side, with the numbers that it has.

    set_side.py IN.wnm SIDE OUT.wnm
"""

import ctypes
import ctypes.util
import struct
import sys
from pathlib import Path

SIDE_AT, HASH_AT = 32, 24  # docs/formats/model.md


def main(source, side, out):
    data = bytearray(Path(source).read_bytes())
    struct.pack_into("<I", data, SIDE_AT, int(side))
    hasher = ctypes.CDLL(ctypes.util.find_library("xxhash")).XXH3_64bits
    hasher.restype, hasher.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    content = bytes(data[HASH_AT + 8:])
    struct.pack_into("<Q", data, HASH_AT, hasher(content, len(content)))
    Path(out).write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
