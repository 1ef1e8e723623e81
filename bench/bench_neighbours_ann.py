#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All-kNN at a given recall by the libraries that people use: the peers of the kind ivf.

    bench_neighbours_ann.py FILE.npy [K RECALL THREADS LIMIT [LIBRARY ...]]

FILE.npy is what bench_neighbours.c keeps in its folder. For each library (faiss-ivf, faiss-hnsw, hnswlib, usearch,
pynndescent) the search parameter is doubled until the recall on 500 rows is reached; one JSON line has the time of that
build and search of all rows, and the recall. A library that is not installed is skipped; one that takes more than LIMIT
processor seconds in all (default: no limit) is given up.
"""
import importlib.util
import json
import os
import resource
import signal
import sys
import time

import numpy


def exact(data, rows, k):
    """The k-th smallest distance of each sampled row, itself left out."""
    norms = (data * data).sum(1)
    last = numpy.empty(len(rows))
    for at in range(0, len(rows), 50):
        part = rows[at:at + 50]
        square = norms[part][:, None] + norms[None] - 2 * data[part] @ data.T
        square[numpy.arange(len(part)), part] = numpy.inf
        last[at:at + 50] = numpy.partition(square, k - 1, 1)[:, k - 1]
    return last


def recall_of(data, rows, last, ids, k):
    """Share of the found neighbours that are not farther than the k-th; a row among its own is left out."""
    right = 0
    for row, limit in zip(rows, last):
        found = [i for i in dict.fromkeys(ids[row]) if i >= 0 and i != row][:k]
        square = ((data[found] - data[row]) ** 2).sum(1)
        right += (square <= limit * (1 + 1e-4) + 1e-6).sum()
    return right / (len(rows) * k)


def faiss_ivf(data, k, threads):
    import faiss
    faiss.omp_set_num_threads(threads)
    cells = max(16, int(4 * len(data) ** 0.5))
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(data.shape[1]), data.shape[1], cells)
    index.train(data[::max(1, len(data) // (cells * 40))])
    index.add(data)

    def search(value):
        index.nprobe = value
        return index.search(data, k + 1)[1]
    return search, 1


def faiss_hnsw(data, k, threads):
    import faiss
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexHNSWFlat(data.shape[1], 16)
    index.hnsw.efConstruction = 80
    index.add(data)

    def search(value):
        index.hnsw.efSearch = value
        return index.search(data, k + 1)[1]
    return search, 32


def hnswlib_graph(data, k, threads):
    import hnswlib
    index = hnswlib.Index("l2", data.shape[1])
    index.init_index(len(data), M=16, ef_construction=80)
    index.add_items(data, num_threads=threads)

    def search(value):
        index.set_ef(max(value, k + 1))
        return index.knn_query(data, k + 1, num_threads=threads)[0].astype(numpy.int64)
    return search, 32


def usearch_graph(data, k, threads):
    from usearch.index import Index
    index = Index(ndim=data.shape[1], metric="l2sq", dtype="f32", connectivity=16, expansion_add=80)
    index.add(numpy.arange(len(data)), data, threads=threads)

    def search(value):
        index.expansion_search = value
        return index.search(data, k + 1, threads=threads).keys.astype(numpy.int64)
    return search, 32


def pynndescent_graph(data, k, threads):
    def search(value):
        import pynndescent
        index = pynndescent.NNDescent(data, n_neighbors=max(k + 1, value), n_jobs=threads, random_state=0)
        return index.neighbor_graph[0][:, :k + 1]
    return search, k + 10


LIBRARIES = {"faiss-ivf": ("faiss", faiss_ivf), "faiss-hnsw": ("faiss", faiss_hnsw), "hnswlib": ("hnswlib", hnswlib_graph),
             "usearch": ("usearch", usearch_graph), "pynndescent": ("pynndescent", pynndescent_graph)}


def measure(name, make, data, rows, last, k, wanted, threads):
    """Prints the line of one library."""
    start, cpu = time.monotonic(), time.process_time()
    search, value = make(data, k, threads)
    build, build_cpu = time.monotonic() - start, time.process_time() - cpu
    while True:
        start, cpu = time.monotonic(), time.process_time()
        ids = search(value)
        seconds, seconds_cpu = time.monotonic() - start, time.process_time() - cpu
        recall = recall_of(data, rows, last, ids, k)
        if recall >= wanted or value > 4096:
            break
        value *= 2
    print(json.dumps({"bench": name, "rows": data.shape[0], "dim": data.shape[1], "k": k, "threads": threads,
                      "parameter": value, "recall": round(float(recall), 4), "build": round(build, 2),
                      "seconds": round(build + seconds, 2), "cpu_seconds": round(build_cpu + seconds_cpu, 2)}),
          flush=True)


def main():
    data = numpy.ascontiguousarray(numpy.load(sys.argv[1]), dtype=numpy.float32)
    k, wanted, threads, limit = [kind(value) for kind, value in zip(
        (int, float, int, int), sys.argv[2:6] + ["20", "0.98", "2", "0"][len(sys.argv[2:6]):])]
    rows = numpy.random.default_rng(0).choice(len(data), min(500, len(data)), replace=False)
    last = exact(data, rows, k)
    for name in sys.argv[6:] or LIBRARIES:
        module, make = LIBRARIES[name]
        if not importlib.util.find_spec(module):
            print(f"bench_neighbours_ann.py: {module} is not installed", file=sys.stderr)
            continue
        child = os.fork()  # no memory, thread or limit of one library reaches the next
        if child == 0:
            if limit:
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 60))
            measure(name, make, data, rows, last, k, wanted, threads)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
            print(json.dumps({"bench": name, "rows": data.shape[0], "gave_up_after_cpu_seconds": limit}), flush=True)
        elif status:
            print(f"bench_neighbours_ann.py: {name} failed (status {status})", file=sys.stderr)


main()
