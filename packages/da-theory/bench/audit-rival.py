"""Hierarchical bootstrap of class accuracies in NumPy. Arguments: classes, images of a class, settings, runs, draws."""
import json
import sys
import time

import numpy as np

classes, images, settings, runs, draws = map(int, sys.argv[1:6])
rng = np.random.default_rng(0)
correct = (rng.random((classes, settings, runs, images)) < 0.75).astype(np.float32)
start = time.perf_counter()
found = np.empty((draws, classes, settings), np.float32)
for d in range(draws):
    weights = np.stack([np.bincount(rng.integers(0, runs, runs), minlength=runs) for _ in range(settings)]) / runs
    for c in range(classes):
        counts = np.bincount(rng.integers(0, images, images), minlength=images).astype(np.float32) / images
        found[d, c] = ((correct[c] @ counts) * weights).sum(1)
delta = found - found[:, :, :1]
ends = np.quantile(delta, [0.025, 0.975], axis=0)
assert ends.shape == (2, classes, settings)
print(json.dumps({"milliseconds": [1000 * (time.perf_counter() - start)]}))
