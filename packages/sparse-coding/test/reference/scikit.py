"""Goldens of scikit-learn for the lasso instance of test/golden.ts. Usage: python scikit.py > scikit.json"""

import json

import numpy as np
from sklearn.linear_model import Lasso, orthogonal_mp_gram


def mulberry32(seed):
    state = seed & 0xFFFFFFFF

    def imul(a, b):
        return (a * b) & 0xFFFFFFFF

    def next_value():
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = imul(state ^ (state >> 15), 1 | state)
        t = ((t + imul(t ^ (t >> 7), 61 | t)) & 0xFFFFFFFF) ^ t
        return ((t ^ (t >> 14)) & 0xFFFFFFFF) / 4294967296

    return next_value


def normals(seed):
    u = mulberry32(seed)
    while True:
        first = u()
        yield np.sqrt(-2 * np.log(1 - first)) * np.cos(2 * np.pi * u())


g = normals(7)
D = np.array([next(g) for _ in range(16 * 24)]).reshape(16, 24)
Y = np.array([next(g) for _ in range(160)]).reshape(10, 16)
D /= np.linalg.norm(D, axis=0)


def lasso(positive):
    out = []
    for y in Y:
        model = Lasso(alpha=0.5 / 16, fit_intercept=False, tol=1e-12, max_iter=1_000_000, positive=positive)
        out.extend(model.fit(D, y).coef_.tolist())
    return out


if __name__ == "__main__":
    omp = orthogonal_mp_gram(D.T @ D, D.T @ Y.T, n_nonzero_coefs=4).T.ravel().tolist()
    print(json.dumps({"lasso": lasso(False), "lassoPositive": lasso(True), "omp": omp}))
