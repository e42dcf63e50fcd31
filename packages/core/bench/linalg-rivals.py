"""Milliseconds of numpy in double precision for the rows of linalg.mjs, as JSON. Argument: the order."""
import json
import sys
import time

import numpy as np

n = int(sys.argv[1])
rng = np.random.default_rng(1)
a = rng.standard_normal((n, n))
s = a + a.T
p = a @ a.T + n * np.eye(n)
runs = {
    "cholesky": lambda: np.linalg.cholesky(p),
    "eigh": lambda: np.linalg.eigh(s),
    "svd": lambda: np.linalg.svd(a),
    "qr": lambda: np.linalg.qr(a),
    "solve": lambda: np.linalg.solve(a, s),
}
times = {}
for name, run in runs.items():
    run()
    times[name] = []
    for _ in range(7):
        start = time.perf_counter()
        run()
        times[name].append(1000 * (time.perf_counter() - start))
print(json.dumps(times))
