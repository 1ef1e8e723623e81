#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rows of int8 around 1,000 centres, written in pieces:  byte_rows.py FILE ROWS DIM"""
import sys

import numpy as np

path, rows, dim = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(0)
out = np.lib.format.open_memmap(path, mode="w+", dtype=np.int8, shape=(rows, dim))
centres = random.normal(size=(1000, dim)).astype(np.float32)
for begin in range(0, rows, 500_000):
    n = min(500_000, rows - begin)
    values = centres[random.integers(0, 1000, n)] + 0.3 * random.standard_normal((n, dim), dtype=np.float32)
    out[begin : begin + n] = np.clip(np.round(values * 30), -127, 127)
out.flush()
