"""Seconds of the processor that SciPy's linprog, nnls and Qhull take, one query at a time: scipy_rivals.py <x.bin> <q.bin> <n> <d> <what>."""
import json
import sys
import time

import numpy as np
from scipy.optimize import linprog, nnls
from scipy.spatial import ConvexHull

x = np.fromfile(sys.argv[1]).reshape(int(sys.argv[3]), int(sys.argv[4]))
q = np.fromfile(sys.argv[2]).reshape(-1, x.shape[1])
out = {"linprog": [], "nnls": [], "distance": [], "qhull": [], "inside": [], "distances": []}


def timed(name, call):
    start = time.process_time()
    result = call()
    out[name].append(time.process_time() - start)
    return result


what = sys.argv[5].split(",")
a = np.vstack([x.T, np.ones(len(x))])
for v in q:
    b = np.append(v, 1.0)
    if "linprog" in what:
        timed("linprog", lambda: linprog(np.zeros(len(x)), A_eq=a, b_eq=b, method="highs"))
    if "nnls" in what:
        out["inside"].append(bool(timed("nnls", lambda: nnls(a, b))[1] < 1e-7))
    if "distance" in what:
        y = x - v
        rho = np.sqrt((y * y).sum(1).max())
        stacked = np.vstack([y.T, np.full(len(x), rho)])
        u = timed("distance", lambda: nnls(stacked, np.append(np.zeros(x.shape[1]), rho)))[0]
        out["distances"].append(float(np.linalg.norm(y.T @ u) / u.sum()))
if "qhull" in what:
    out["vertices"] = len(timed("qhull", lambda: ConvexHull(x)).vertices)
print(json.dumps(out))
