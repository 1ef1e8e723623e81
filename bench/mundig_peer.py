#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Diverse picks by lightly-mundig, the peer of bench_strategies.sh:  mundig_peer.py E.npy PICKS

Prints the seconds and the processor seconds of run_selection alone, without making lists of the array."""
import sys
import time

import lightly_mundig
import numpy as np

rows = np.load(sys.argv[1])
selection = lightly_mundig.Selection()
selection.add_diversifying_strategy(rows.tolist(), 1.0)
wall, cpu = time.perf_counter(), time.process_time()
picks = selection.run_selection([], len(rows), int(sys.argv[2]))
print(time.perf_counter() - wall, time.process_time() - cpu, len(set(picks)))
