# SPDX-License-Identifier: Apache-2.0
"""Writes a model of winnow with another option "cut": by how much the longer axis of a picture is cut at most.

    set_cut.py IN.wnm CUT OUT.wnm
"""

import ctypes
import ctypes.util
import struct
import sys
from pathlib import Path


def main(source, cut, out):
    data = Path(source).read_bytes()
    text_bytes = struct.unpack_from("<I", data, 108)[0]
    offset, floats = struct.unpack_from("<QQ", data, 112)
    architecture, method, options = data[128:128 + text_bytes].split(b"\0")[:3]
    words = [word for word in options.split(b" ") if not word.startswith(b"cut=")] + [b"cut=" + cut.encode()]
    texts = b"\0".join([architecture, method, b" ".join(words), b""])
    table = data[128 + text_bytes:128 + text_bytes + 88 * struct.unpack_from("<I", data, 104)[0]]
    used = 128 + len(texts) + len(table)
    start = (used + 63) // 64 * 64
    head = data[32:108] + struct.pack("<IQQ", len(texts), start, floats)
    content = head + texts + table + bytes(start - used) + data[offset:]
    hasher = ctypes.CDLL(ctypes.util.find_library("xxhash")).XXH3_64bits
    hasher.restype, hasher.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
    Path(out).write_bytes(data[:16] + struct.pack("<QQ", 32 + len(content), hasher(content, len(content))) + content)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
