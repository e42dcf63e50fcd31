"""Golden values of numpy and scipy for test/linalg/reference.test.ts: python numpy-linalg.py > numpy-linalg.json"""

import json

import numpy as np
import scipy.linalg

rng = np.random.default_rng(2026)


def flat(x):
    return [float(v) for v in np.asarray(x, dtype=np.float64).ravel()]


def fix(u, vt=None):
    rows = np.abs(u).argmax(axis=0)
    signs = np.sign(u[rows, np.arange(u.shape[1])])
    u = u * signs
    return u if vt is None else (u, vt * signs[: vt.shape[0], None])


cases = []
for m, n in [(1, 1), (4, 4), (6, 3), (3, 6), (9, 9)]:
    a = rng.standard_normal((m, n)).astype(np.float32).astype(np.float64)
    b = rng.standard_normal((m, 2)).astype(np.float32).astype(np.float64)
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    u, vt = fix(u, vt)
    q, r = np.linalg.qr(a)
    signs = np.where(np.diag(r) < 0, -1.0, 1.0)
    case = {
        "shape": [m, n], "a": flat(a), "b": flat(b), "u": flat(u), "s": flat(s), "vt": flat(vt),
        "q": flat(q * signs), "r": flat(r * signs[:, None]), "pinv": flat(np.linalg.pinv(a)),
        "lstsq": flat(np.linalg.lstsq(a, b, rcond=None)[0]),
        "logdetGram": float(np.linalg.slogdet(np.eye(n) + 0.5 * a.T @ a)[1]),
    }
    if m == n:
        sym = ((a + a.T) / 2).astype(np.float32).astype(np.float64)
        spd = (a @ a.T + np.eye(n)).astype(np.float32).astype(np.float64)
        spd = (spd + spd.T) / 2
        w, v = np.linalg.eigh(sym)
        sign, logabs = np.linalg.slogdet(a)
        l = scipy.linalg.cholesky(spd, lower=True)
        case |= {
            "symmetric": flat(sym), "values": flat(w), "vectors": flat(fix(v)), "spd": flat(spd), "cholesky": flat(l),
            "logdet": float(np.linalg.slogdet(spd)[1]), "sign": float(sign), "logAbs": float(logabs),
            "solve": flat(np.linalg.solve(a, b)),
            "triangular": flat(scipy.linalg.solve_triangular(l, b, lower=True, trans=1)),
        }
    cases.append(case)
print(json.dumps({"numpy": np.__version__, "scipy": scipy.__version__, "cases": cases}))
