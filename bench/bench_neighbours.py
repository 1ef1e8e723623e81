#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All-kNN by faiss's flat index on the files that bench_neighbours.c keeps: its peer.

    bench_neighbours.py FOLDER [K THREADS]

Run it with a Python that has faiss-cpu and numpy, on quiet, pinned cores; prints the fastest of three and the processor time, as JSON.
"""
import glob
import json
import sys
import time

try:
    import faiss
    import numpy
except ImportError as error:
    sys.exit(f"bench_neighbours.py: {error}; pip install faiss-cpu")


def main():
    folder = sys.argv[1]
    k = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    faiss.omp_set_num_threads(int(sys.argv[3]) if len(sys.argv) > 3 else faiss.omp_get_max_threads())
    for path in sorted(glob.glob(f"{folder}/*.npy")):
        data = numpy.ascontiguousarray(numpy.load(path), dtype=numpy.float32)
        best = best_cpu = float("inf")
        for _ in range(3):
            start, cpu = time.monotonic(), time.process_time()
            index = faiss.IndexFlatL2(data.shape[1])
            index.add(data)
            index.search(data, k + 1)
            best = min(best, time.monotonic() - start)
            best_cpu = min(best_cpu, time.process_time() - cpu)
        print(json.dumps({"bench": "faiss.flat", "file": path, "rows": data.shape[0], "dim": data.shape[1], "k": k,
                          "threads": faiss.omp_get_max_threads(), "seconds": round(best, 3), "cpu_seconds": round(best_cpu, 3)}), flush=True)


main()
