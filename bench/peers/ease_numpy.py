"""EASE as its author published it (Steck 2019), with numpy: seconds for Gram matrix, inverse and weights."""
import json
import sys
import time

import numpy as np

file, penalty = sys.argv[1], float(sys.argv[2])
head = np.fromfile(file, dtype=np.int32, count=4)
users, items, n = (int(x) for x in head[:3])
flat = np.fromfile(file, dtype=np.int32, count=2 * n, offset=16)
user, item = flat[:n], flat[n:]

best = {}
for dtype in (np.float32, np.float64):
    times = []
    for _ in range(int(sys.argv[3])):
        dense = np.zeros((users, items), dtype=dtype)
        dense[user, item] = 1
        start = time.perf_counter()
        gram = dense.T @ dense
        gram[np.diag_indices(items)] += penalty
        inverse = np.linalg.inv(gram)
        weights = inverse / -np.diag(inverse)
        weights[np.diag_indices(items)] = 0
        times.append(time.perf_counter() - start)
    best[np.dtype(dtype).name] = times
config = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
print(json.dumps({"seconds": best, "numpy": np.__version__, "blas": f"{config['name']} {config['version']}"}))
